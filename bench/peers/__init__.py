"""The same job on other stream engines, as their own documentation would have it written."""
