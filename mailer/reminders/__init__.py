"""When to write to a customer, and what to say: policies, their rungs, the calendar, and the plan. Pure."""
