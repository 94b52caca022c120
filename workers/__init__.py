"""The execution: jobs, pace, the clock, the embedded server and the supervisor."""
