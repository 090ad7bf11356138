"""What runs inside the pods of workflows: before a step's command, around it, and after it.

The program is told by a plan in its environment what to do, knows nothing of templates, and
speaks to the API only to say what a step made. It starts once or twice for every step, so it
imports little.
"""
