using Akka.Actor;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Training;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Faults.Agent;

/// <summary>The run a node takes part in, as the epochs tell it; owned by the fault agent.</summary>
internal sealed class AgentRun
{
    /// <summary>Its record; null before the first epoch.</summary>
    public RunSpec? Spec { get; set; }
}

/// <summary>What a node's fault agent works with.</summary>
internal sealed record AgentServices
{
    /// <summary>The node.</summary>
    public required NodeServices Node { get; init; }

    /// <summary>Limits; the agent refuses unless they allow fault injection.</summary>
    public required FaultLimits Limits { get; init; }

    /// <summary>Reaches whoever is admin now.</summary>
    public required IActorRef Admin { get; init; }

    /// <summary>Faults of this node's links.</summary>
    public required LinkFaultTable Links { get; init; }

    /// <summary>Faults of this node's checkpoint storage.</summary>
    public required StorageFaultGate Storage { get; init; }

    /// <summary>Faults of this node's control plane.</summary>
    public required ControlFaults Control { get; init; }

    /// <summary>What this node proves to those it dials.</summary>
    public required ControlCredentials Credentials { get; init; }

    /// <summary>This node's wall clock.</summary>
    public required NodeClock Clock { get; init; }

    /// <summary>Asks the supervisor of this process for one more node; null where there is none that could start one.</summary>
    public Action? StartNode { get; init; }

    /// <summary>The run this node takes part in.</summary>
    public AgentRun Run { get; } = new();

    /// <summary>The actor system.</summary>
    public required ActorSystem System { get; init; }

    /// <summary>This process.</summary>
    public NodeIdentity Identity => Node.Identity;

    /// <summary>Hands work to an actor of the device.</summary>
    public void TellDeviceActor(string name, object message) => System.ActorSelection($"/user/node/device-0/{name}").Tell(message, ActorRefs.NoSender);
}
