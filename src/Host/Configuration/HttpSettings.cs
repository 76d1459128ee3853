namespace MoeActors.Host.Configuration;

/// <summary>Metrics over HTTP, and injected failures with a token.</summary>
/// <param name="Enabled">Whether a node serves them.</param>
/// <param name="Host">Address to listen on.</param>
/// <param name="Port">Port; 0 = a free one.</param>
/// <param name="Token">Secret of the API for injected failures; null = there is none.</param>
internal sealed record HttpSettings(bool Enabled, string Host, int Port, string? Token)
{
    /// <summary>Reads the section.</summary>
    public static HttpSettings Read(SettingsReader r)
    {
        string? token = SecretText.Read(r, "http.token", "http.token-file");
        return token is { Length: < 16 }
            ? throw new SettingsException($"{r.Origin("http.token")}: http.token: the token is too short; expected at least 16 characters (openssl rand -hex 16)")
            : new HttpSettings(r.Switch("http.enabled"), r.Name("http.host"), r.Whole("http.port", 0, 65535), token);
    }
}
