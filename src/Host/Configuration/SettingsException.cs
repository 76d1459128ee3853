namespace MoeActors.Host.Configuration;

/// <summary>A configuration that cannot be used; the message is ready for the user.</summary>
internal sealed class SettingsException(string message) : Exception(message);
