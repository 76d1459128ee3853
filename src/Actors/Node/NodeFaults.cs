using Akka.Actor;
using Akka.Cluster.Tools.Singleton;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Faults.Admin;
using MoeActors.Actors.Faults.Agent;
using MoeActors.Actors.Faults.Agent.Injectors;
using MoeActors.Actors.Training;

namespace MoeActors.Actors.Node;

/// <summary>What fault injection adds to a node where it is enabled (AD-1); without it none of this exists.</summary>
internal sealed class NodeFaults(NodeOptions options)
{
    /// <summary>Faults of the node's links.</summary>
    public LinkFaultTable Links { get; } = new(options.LinkFaults);

    /// <summary>Faults of its storage.</summary>
    public StorageFaultGate Storage { get; } = new();

    /// <summary>Faults of its control plane.</summary>
    public ControlFaults Control { get; } = new();

    /// <summary>Starts the admin's singleton manager; returns what reaches the admin wherever it lives.</summary>
    public IActorRef StartAdmin(ActorSystem system, IActorRef coordinator, string journalName)
    {
        system.ActorOf(
            ClusterSingletonManager.Props(
                Props.Create(() => new AdminActor(options.Faults, coordinator, options.DataFolder, journalName, options.Clock)).WithDispatcher(NodeServices.StorageDispatcher),
                PoisonPill.Instance,
                ClusterSingletonManagerSettings.Create(system).WithSingletonName("admin").WithRemovalMargin(TimeSpan.FromMilliseconds(100))),
            "admin-manager");
        return system.ActorOf(
            ClusterSingletonProxy.Props("/user/admin-manager", ClusterSingletonProxySettings.Create(system).WithSingletonName("admin")), "admin-proxy");
    }

    /// <summary>The node's fault agent.</summary>
    public Props Agent(NodeServices node, ActorSystem system, IActorRef admin, ControlCredentials credentials)
    {
        var services = new AgentServices { Node = node, Limits = options.Faults, Admin = admin, Links = Links, Storage = Storage, Control = Control, Credentials = credentials, System = system, Clock = options.Clock, StartNode = options.StartNode };
        return Props.Create(() => new FaultAgentActor(services, FaultInjectors.Of(services)));
    }
}
