-- Lua's patterns in Lua itself: slower than the library's, but every comparison is counted.
--
-- A pattern is read into a list of parts once; matching them backtracks as the library does.
local native = ...
local find = native.find
local sub, byte, unpack = string.sub, string.byte, table.unpack

local SINGLE, OPEN, CLOSE, POSITION, BALANCED, FRONTIER, SAME, LAST = 1, 2, 3, 4, 5, 6, 7, 8
local UNCLOSED, PLACE = -1, -2

-- Returns where the class ends that begins at a place: one character, an escape, or a set.
local function class_end(pattern, at)
    local first = sub(pattern, at, at)
    if first == "%" then
        if at == #pattern then error("malformed pattern (ends with '%')", 4) end
        return at + 1
    end
    if first ~= "[" then return at end
    at = at + 1
    if sub(pattern, at, at) == "^" then at = at + 1 end
    repeat
        if at > #pattern then error("malformed pattern (missing ']')", 4) end
        local character = sub(pattern, at, at)
        at = at + (character == "%" and 2 or 1)
    until sub(pattern, at, at) == "]"
    if at > #pattern then error("malformed pattern (missing ']')", 4) end
    return at
end

-- Returns a table that tells for a byte whether a class has it; it asks the library once each.
local function class(text)
    if text == "." then
        return setmetatable({}, { __index = function() return true end })
    end
    local whole = "^" .. text .. "$"
    if #text == 1 then whole = "^[" .. text .. "]$" end
    if text == "^" then whole = "^%^$" end
    return setmetatable({}, {
        __index = function(known, code)
            local has = find(string.char(code), whole) ~= nil
            known[code] = has
            return has
        end,
    })
end

local function parse(pattern, at)
    local parts = {}
    while at <= #pattern do
        local first, two = sub(pattern, at, at), sub(pattern, at, at + 1)
        local part
        if two == "()" then
            part, at = { POSITION }, at + 2
        elseif first == "(" then
            part, at = { OPEN }, at + 1
        elseif first == ")" then
            part, at = { CLOSE }, at + 1
        elseif first == "$" and at == #pattern then
            part, at = { LAST }, at + 1
        elseif two == "%b" then
            if at + 3 > #pattern then error("unbalanced pattern", 3) end
            part, at = { BALANCED, byte(pattern, at + 2), byte(pattern, at + 3) }, at + 4
        elseif two == "%f" then
            if sub(pattern, at + 2, at + 2) ~= "[" then
                error("missing '[' after '%f' in pattern", 3)
            end
            local stop = class_end(pattern, at + 2)
            part, at = { FRONTIER, class(sub(pattern, at + 2, stop)) }, stop + 1
        elseif find(two, "^%%%d$") then
            part, at = { SAME, byte(two, 2) - 48 }, at + 2
        else
            local stop = class_end(pattern, at)
            local loop = sub(pattern, stop + 1, stop + 1)
            loop = find(loop, "^[*+?-]$") and loop or nil
            part = { SINGLE, class(sub(pattern, at, stop)), loop }
            at = stop + (loop and 2 or 1)
        end
        parts[#parts + 1] = part
    end
    return parts
end

-- Matching. `state` holds the text and the captures: where each starts, and its length.
local match

local function greedy(state, at, index, has, least)
    local text, stop = state.text, at
    while stop <= #text and has[byte(text, stop)] do stop = stop + 1 end
    for after = stop, at + least, -1 do
        local found = match(state, after, index + 1)
        if found then return found end
    end
end

local function lazy(state, at, index, has)
    local text = state.text
    while true do
        local found = match(state, at, index + 1)
        if found then return found end
        if at > #text or not has[byte(text, at)] then return nil end
        at = at + 1
    end
end

local function balanced(text, at, open, close)
    if byte(text, at) ~= open then return nil end
    local depth = 1
    for place = at + 1, #text do
        local code = byte(text, place)
        if code == close then
            depth = depth - 1
            if depth == 0 then return place + 1 end
        elseif code == open then
            depth = depth + 1
        end
    end
end

local function captured(state, number)
    local length = state.lengths[number]
    if number > state.level or not length or length == UNCLOSED then
        error("invalid capture index", 0)
    end
    if length == PLACE then return state.starts[number] end
    return sub(state.text, state.starts[number], state.starts[number] + length - 1)
end

local steps = {}

steps[OPEN] = function(state, at, index, _, length)
    local level = state.level + 1
    if level > 32 then error("too many captures", 0) end
    state.level, state.starts[level], state.lengths[level] = level, at, length or UNCLOSED
    local found = match(state, at, index + 1)
    if not found then state.level = level - 1 end
    return found
end

steps[POSITION] = function(state, at, index, part)
    return steps[OPEN](state, at, index, part, PLACE)
end

steps[CLOSE] = function(state, at, index)
    for level = state.level, 1, -1 do
        if state.lengths[level] == UNCLOSED then
            state.lengths[level] = at - state.starts[level]
            local found = match(state, at, index + 1)
            if not found then state.lengths[level] = UNCLOSED end
            return found
        end
    end
    error("invalid pattern capture", 0)
end

steps[LAST] = function(state, at)
    return at == #state.text + 1 and at or nil
end

steps[BALANCED] = function(state, at, index, part)
    local after = balanced(state.text, at, part[2], part[3])
    return after and match(state, after, index + 1)
end

steps[FRONTIER] = function(state, at, index, part)
    local before = at > 1 and byte(state.text, at - 1) or 0
    local here = byte(state.text, at) or 0
    if part[2][before] or not part[2][here] then return nil end
    return match(state, at, index + 1)
end

steps[SAME] = function(state, at, index, part)
    local number = part[2]
    if number < 1 or number > state.level or state.lengths[number] == UNCLOSED then
        error("invalid capture index", 0)
    end
    local text = captured(state, number)
    if type(text) ~= "string" or sub(state.text, at, at + #text - 1) ~= text then return nil end
    return match(state, at + #text, index + 1)
end

steps[SINGLE] = function(state, at, index, part)
    local has, loop = part[2], part[3]
    if loop == "*" then return greedy(state, at, index, has, 0) end
    if loop == "+" then return greedy(state, at, index, has, 1) end
    if loop == "-" then return lazy(state, at, index, has) end
    local fits = at <= #state.text and has[byte(state.text, at)]
    if loop == "?" then
        local found = fits and match(state, at + 1, index + 1)
        return found or match(state, at, index + 1)
    end
    return fits and match(state, at + 1, index + 1) or nil
end

match = function(state, at, index)
    local part = state.parts[index]
    if not part then return at end
    return steps[part[1]](state, at, index, part)
end

-- Returns where a match starts and ends, looking from a place on; the state has its captures.
local function search(text, pattern, init)
    local anchored = sub(pattern, 1, 1) == "^"
    local state = { text = text, parts = parse(pattern, anchored and 2 or 1) }
    local function from(at)
        while at <= #text + 1 do
            state.level, state.starts, state.lengths = 0, {}, {}
            local after = match(state, at, 1)
            if after then return at, after - 1 end
            if anchored then return nil end
            at = at + 1
        end
    end
    return from, state, anchored
end

local function captures(state, start, stop, whole)
    if state.level == 0 and whole then
        return { sub(state.text, start, stop) }, 1
    end
    local found = {}
    for number = 1, state.level do
        if state.lengths[number] == UNCLOSED then error("unfinished capture", 0) end
        found[number] = captured(state, number)
    end
    return found, state.level
end

local function beginning(text, init)
    init = init or 1
    if init < 0 then init = #text + init + 1 end
    return init < 1 and 1 or init
end

local own = {}

function own.find(text, pattern, init)
    local from, state = search(text, pattern)
    local start, stop = from(beginning(text, init))
    if not start then return nil end
    local found, count = captures(state, start, stop, false)
    return start, stop, unpack(found, 1, count)
end

function own.match(text, pattern, init)
    local from, state = search(text, pattern)
    local start, stop = from(beginning(text, init))
    if not start then return nil end
    local found, count = captures(state, start, stop, true)
    return unpack(found, 1, count)
end

function own.gmatch(text, pattern)
    -- An anchor is a character here, as in the library.
    if sub(pattern, 1, 1) == "^" then pattern = "%" .. pattern end
    local from, state = search(text, pattern)
    local at = 1
    return function()
        if at > #text + 1 then return nil end
        local start, stop = from(at)
        if not start then
            at = #text + 2
            return nil
        end
        at = stop < start and stop + 2 or stop + 1
        local found, count = captures(state, start, stop, true)
        return unpack(found, 1, count)
    end
end

local function replacement(state, start, stop, by)
    local whole = sub(state.text, start, stop)
    local found = captures(state, start, stop, true)
    local value
    if type(by) == "table" then
        value = by[found[1]]
    elseif type(by) == "function" then
        value = by(unpack(found))
    else
        return (native.gsub(by, "%%(.)", function(name)
            if not find(name, "%d") then return name end
            if name == "0" then return whole end
            local text = found[tonumber(name)]
            if text == nil then error("invalid capture index", 0) end
            return tostring(text)
        end))
    end
    if not value then return whole end
    if type(value) ~= "string" and type(value) ~= "number" then
        error("invalid replacement value (a " .. type(value) .. ")", 0)
    end
    return tostring(value)
end

function own.gsub(text, pattern, by, most)
    if type(by) == "number" then by = tostring(by) end
    if type(by) ~= "string" and type(by) ~= "table" and type(by) ~= "function" then
        error("bad argument #3 to 'gsub' (string/function/table expected)", 3)
    end
    if most and most < 0 then most = nil end
    local from, state, anchored = search(text, pattern)
    local pieces, at, count = {}, 1, 0
    while at <= #text + 1 and (not most or count < most) do
        local start, stop = from(at)
        if not start then break end
        count = count + 1
        pieces[#pieces + 1] = sub(text, at, start - 1)
        pieces[#pieces + 1] = replacement(state, start, stop, by)
        if stop < start then
            pieces[#pieces + 1] = sub(text, start, start)
            at = start + 1
        else
            at = stop + 1
        end
        if anchored then break end
    end
    pieces[#pieces + 1] = sub(text, at)
    return table.concat(pieces), count
end

return own
