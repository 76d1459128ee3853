using System.Net;

namespace MoeActors.Host.Http;

/// <summary>Where the status server listens.</summary>
public sealed record StatusServerOptions
{
    /// <summary>Address; this machine alone by default. The server shows no secrets, and is read-only but for injected failures, which need a token; the rest has no login: open it to trusted networks only.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port; 0 takes any free one.</summary>
    public int Port { get; init; }

    /// <summary>Connections held at a time; beyond them the one that has been silent longest is closed for a new one.</summary>
    public int Connections { get; init; } = 256;

    /// <summary>The API for injected failures; null = there is none.</summary>
    internal FaultApi? Faults { get; init; }
}
