"""Tests of the engines and of the supervisor: real processes, killed for real."""
