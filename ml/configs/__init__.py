"""The methods and their settings, readable without torch: forms, commands and the API check them first."""
