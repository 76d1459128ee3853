namespace MoeActors.Host.Configuration;

/// <summary>Metrics over HTTP.</summary>
/// <param name="Enabled">Whether a node serves them.</param>
/// <param name="Host">Address to listen on.</param>
/// <param name="Port">Port; 0 = a free one.</param>
internal sealed record HttpSettings(bool Enabled, string Host, int Port)
{
    /// <summary>Reads the section.</summary>
    public static HttpSettings Read(SettingsReader r) => new(r.Switch("http.enabled"), r.Name("http.host"), r.Whole("http.port", 0, 65535));
}
