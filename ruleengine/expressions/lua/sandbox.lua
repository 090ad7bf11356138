-- Prepares a fresh Lua for scripts of strangers, and returns what the host needs of it.
--
-- Scripts are written for Lua 5.1 with goto; this is 5.2, with the names that it no longer has.
--
-- tick()       counts a thousand instructions, and says whether it is time to end
-- now          seconds since 1970, or nil
-- native_work  how many comparisons a pattern may need before our own matcher takes over
-- matcher      the source of that matcher
local tick, now, native_work, matcher = ...

local debug, string, table, os, math = debug, string, table, os, math
local error, type, pairs, select, tostring, tonumber = error, type, pairs, select, tostring, tonumber
local load, getmetatable, rawget, rawlen = load, getmetatable, rawget, rawlen
local sethook, floor, format = debug.sethook, math.floor, string.format
local COUNT = 1000

-- Once it is time to end, every instruction fails: a script may catch one error, not all.
local function hook()
    if tick() then
        sethook(hook, "", 1)
        error("ended", 0)
    end
end

-- What the library does in one instruction is counted here, before it is done: a hook comes when
-- the instruction is over. A million bytes or comparisons count as a thousand instructions.
local WORK = 1000000
local function pay(work)
    for _ = 1, work / WORK do hook() end
end

-- A hook belongs to one coroutine, so each begins by setting its own.
local create, wrap = coroutine.create, coroutine.wrap
local function hooked(body, name)
    if type(body) ~= "function" then
        error("bad argument #1 to '" .. name .. "' (function expected)", 3)
    end
    hook()
    return function(...)
        sethook(hook, "", COUNT)
        return body(...)
    end
end

-- Patterns backtrack inside of one instruction. Where that could take long, ours does it. A text
-- that is looked for as it stands is compared at every place, at worst as a whole.
local find, gsub = string.find, string.gsub
local native = { find = find, match = string.match, gmatch = string.gmatch, gsub = gsub }
local MOST_COMPARED = 10 * native_work
local own
local function pattern_function(name)
    local quick = native[name]
    return function(text, pattern, ...)
        if type(text) == "number" then text = tostring(text) end
        if type(pattern) == "number" then pattern = tostring(pattern) end
        if type(text) ~= "string" or type(pattern) ~= "string" then
            return quick(text, pattern, ...)
        end
        local compared = #text * #pattern
        if name == "find" and (select(2, ...) or not find(pattern, "[%^$*+?.([%%-]")) then
            pay(compared)
            return quick(text, pattern, ...)
        end
        local _, loops = gsub(pattern, "[*+?-]", "")
        local work = (#text + 1) ^ (loops + 1)
        if work <= native_work and compared <= MOST_COMPARED then
            pay(work > compared and work or compared)
            return quick(text, pattern, ...)
        end
        own = own or load(matcher, "=patterns")(native)
        return own[name](text, pattern, ...)
    end
end
for name in pairs(native) do
    string[name] = pattern_function(name)
end
string.gfind = string.gmatch
string.dump = nil
getmetatable("").__metatable = false

-- What goes through a long text or list in one instruction.
local function paid(library, name, most)
    local quick = library[name]
    library[name] = function(value, ...)
        local kind = type(value)
        if kind == "string" or kind == "table" then
            pay(rawlen(value) * most(...))
        end
        return quick(value, ...)
    end
end
local function once() return 1 end
for _, name in pairs({ "lower", "upper", "reverse" }) do
    paid(string, name, once)
end
paid(string, "rep", function(count, separator)
    return (tonumber(count) or 0) * (1 + #tostring(separator or ""))
end)
for _, name in pairs({ "concat", "insert", "remove" }) do
    paid(table, name, function() return 10 end)
end
paid(table, "sort", function() return 500 end)

-- What Lua 5.1 has and 5.2 has not.
function table.getn(list) return #list end
function table.maxn(list)
    local most = 0
    for key in pairs(list) do
        if type(key) == "number" and key > most then most = key end
    end
    return most
end
function table.foreach(list, each)
    for key, value in pairs(list) do
        local found = each(key, value)
        if found ~= nil then return found end
    end
end
function table.foreachi(list, each)
    for at = 1, #list do
        local found = each(at, list[at])
        if found ~= nil then return found end
    end
end
math.mod = math.fmod
math.log10 = math.log10 or function(number) return math.log(number, 10) end

-- Go prints numbers with the fewest digits that mean them, whole ones without an exponent and
-- others with one from a million on.
local function number_text(number)
    if number ~= number then return "NaN" end
    if number == math.huge then return "+Inf" end
    if number == -math.huge then return "-Inf" end
    if number == floor(number) and number >= -2 ^ 63 and number < 2 ^ 63 then
        return format("%.0f", number + 0)
    end
    for digits = 15, 17 do
        local text = format("%." .. digits .. "g", number)
        if tonumber(text) == number then
            if number > -1e6 and number < 1e6 then return text end
            text = format("%." .. digits - 1 .. "e", number)
            return (gsub(text, "%.?0*e", "e"))
        end
    end
end
local function text_of(...)
    local value = ...
    if type(value) == "number" then
        return number_text(value)
    end
    return tostring(...)
end

-- Go's implementation formats what is no text too, and numbers as above.
local function printable(verb, value)
    local kind = type(value)
    if kind == "number" and verb == "s" then return number_text(value) end
    return (kind == "boolean" or kind == "nil") and tostring(value) or value
end
function string.format(layout, ...)
    local values, at = table.pack(...), 0
    if type(layout) ~= "string" then return format(layout, ...) end
    gsub(layout, "%%[-+ #0-9.]*(.)", function(verb)
        if verb ~= "%" then
            at = at + 1
            if at <= values.n then values[at] = printable(verb, values[at]) end
        end
    end)
    return format(layout, table.unpack(values, 1, values.n))
end

-- The clock is the host's, the time zone always UTC.
local function days(year, month, day)
    month = month - 1
    year, month = year + floor(month / 12), month % 12 + 1
    if month <= 2 then
        year, month = year - 1, month + 12
    end
    return 365 * year + floor(year / 4) - floor(year / 100) + floor(year / 400)
        + floor((153 * (month - 3) + 2) / 5) + day - 719469
end
local function moment()
    return now or error("there is no clock here", 3)
end
local function part(parts, name, default)
    local value = tonumber(rawget(parts, name)) or default
    return value or error("field '" .. name .. "' missing in date table", 3)
end
local safe_os = { difftime = os.difftime }
function safe_os.clock() return 0 end
function safe_os.time(parts)
    if parts == nil then
        return moment()
    end
    return days(part(parts, "year"), part(parts, "month"), part(parts, "day")) * 86400
        + part(parts, "hour", 12) * 3600 + part(parts, "min", 0) * 60 + part(parts, "sec", 0)
end
local date = os.date
function safe_os.date(layout, seconds)
    layout = gsub(layout or "%c", "^!", "")
    return date("!" .. layout, seconds or moment())
end

local safe = {
    assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, pcall = pcall,
    rawequal = rawequal, rawget = rawget, rawset = rawset, select = select,
    getmetatable = getmetatable, tonumber = tonumber,
    tostring = text_of, type = type, unpack = table.unpack, _VERSION = "Lua 5.1",
    print = function() end,
    string = string, table = table, math = math, os = safe_os,
    coroutine = {
        create = function(body) return create(hooked(body, "create")) end,
        wrap = function(body) return wrap(hooked(body, "wrap")) end,
        resume = coroutine.resume, running = coroutine.running,
        status = coroutine.status, yield = coroutine.yield,
    },
}
safe._G = safe

-- Finalizers would run where no hook counts; Go's implementation has none.
function safe.setmetatable(value, meta)
    if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
        rawset(meta, "__gc", nil)
    end
    return setmetatable(value, meta)
end
math.random, math.randomseed = nil, nil

local function packed(...)
    return select("#", ...), { ... }
end

-- Without this, a handler would run inside of the hook, where no hook counts.
local function handled(handler, fine, ...)
    if fine then
        return true, ...
    end
    return false, handler(...)
end
function safe.xpcall(body, handler)
    return handled(handler, pcall(body))
end

local host = {}
function host.is_array(value)
    local meta = debug.getmetatable(value)
    return type(meta) == "table" and rawget(meta, "__is_array") == true
end
function host.compile(source)
    local chunk, problem = load(source, "=script", "t", {})
    return chunk and true or false, problem
end
function host.run(source, globals)
    for name, value in pairs(globals) do
        safe[name] = value
    end
    local chunk = load(source, "=script", "t", safe)
    sethook(hook, "", COUNT)
    return packed(pcall(chunk))
end
return host
