using Akka.Actor.Setup;

namespace MoeActors.Actors.ControlPlane;

/// <summary>Hands an actor system's transport what it needs beyond its configuration.</summary>
/// <param name="credentials">What it proves and accepts; the system's owner frees them after it.</param>
/// <param name="faults">Injected failures; null where none are enabled (AD-1).</param>
internal sealed class ControlTransportSetup(ControlCredentials credentials, ControlFaults? faults) : Setup
{
    internal ControlCredentials Credentials => credentials;

    internal ControlFaults? Faults => faults;
}

/// <summary>Failures that can be injected into a node's control plane.</summary>
internal sealed class ControlFaults
{
    /// <summary>Silence both ways.</summary>
    internal ControlCut Cut { get; } = new();

    /// <summary>Broken handshakes.</summary>
    internal ControlBreak Break { get; } = new();
}
