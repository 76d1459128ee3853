using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;

using MoeActors.Actors.Diagnostics;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.ControlPlane;

/// <summary>Makes the actor systems of the control plane, and the addresses their peers have.</summary>
public static class ControlSystem
{
    /// <summary>Name of every actor system of the product.</summary>
    public const string SystemName = "moe";

    /// <summary>Starts a system that proves and accepts <paramref name="credentials"/>; its owner frees them after it.</summary>
    /// <param name="config">Configuration, made by the node or client.</param>
    /// <param name="credentials">What its connections prove and accept; null for a system that reaches no other.</param>
    public static ActorSystem Create(Config config, ControlCredentials? credentials) => Create(config, credentials, null);

    /// <summary>Likewise, with injected failures of its control plane where <paramref name="faults"/> is given.</summary>
    internal static ActorSystem Create(Config config, ControlCredentials? credentials, ControlFaults? faults)
    {
        ActorSystemSetup setup = ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(config.WithFallback(LogDrain.Settings)));
        ActorSystem system = ActorSystem.Create(SystemName, credentials is null ? setup : setup.And(new ControlTransportSetup(credentials, faults)));
        if (system.Settings.Loggers.Count > 0)
        {
            LogDrain.Attach(system);
        }

        return system;
    }

    /// <summary>Address of the system at "host:port" that speaks as <paramref name="system"/> does; throws <see cref="SpecException"/>.</summary>
    public static Address AddressOf(ActorSystem system, string hostPort)
    {
        ArgumentNullException.ThrowIfNull(system);
        string protocol = ((ExtendedActorSystem)system).Provider.DefaultAddress.Protocol;
        try
        {
            return Address.Parse($"{protocol}://{SystemName}@{hostPort}") is { Host: not null, Port: not null } address ? address : throw new UriFormatException();
        }
        catch (UriFormatException)
        {
            throw new SpecException($"'{hostPort}': expected HOST:PORT");
        }
    }
}
