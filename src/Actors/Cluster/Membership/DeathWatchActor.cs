using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Akka.Remote;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Membership;

/// <summary>
/// Turns a broken connection into proof or leaves it a suspicion. Proof: the peer's process ran on this machine and its pid is gone (or now
/// belongs to another process): the peer is downed at once. Otherwise the failure detector and the split-brain resolver decide; a data
/// connection that broke between two living nodes is told to the coordinator, whose next epoch connects them anew.
/// </summary>
internal sealed class DeathWatchActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);
    private const int Looks = 100;
    private readonly Akka.Cluster.Cluster cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly Dictionary<Address, NodeIdentity> peers = [];
    private readonly Dictionary<string, NodeFault> broken = [];
    private readonly NodeIdentity self;
    private readonly IActorRef coordinator;
    private readonly Suspicions suspicions;
    private int epoch = -1;

    private sealed record Look(Address Address, int Left);

    /// <summary>The data plane lost its connection to a peer.</summary>
    /// <param name="Incarnation">The peer.</param>
    /// <param name="Reason">One line.</param>
    /// <param name="Broken">The connection is gone for this epoch; false: it is still being made.</param>
    internal sealed record Suspect(string Incarnation, string Reason, bool Broken);

    public DeathWatchActor(NodeIdentity self, IActorRef coordinator, Suspicions suspicions, KnownMembers known, Action<int, string> exit)
    {
        (this.self, this.coordinator, this.suspicions) = (self, coordinator, suspicions);
        Receive<PrepareEpoch>(m =>
        {
            if (m.Epoch > epoch)
            {
                epoch = m.Epoch;
                broken.Clear();
            }

            foreach (NodeIdentity node in m.Nodes)
            {
                peers[Address.Parse(node.Address)] = node;
            }
        });
        Receive<NodeHello>(m => peers[Address.Parse(m.Node.Address)] = m.Node);
        Receive<DisassociatedEvent>(m => OnSuspicion(m.RemoteAddress, "control connection closed"));
        Receive<Suspect>(m =>
        {
            foreach ((Address address, NodeIdentity node) in peers)
            {
                if (node.Incarnation == m.Incarnation)
                {
                    if (m.Broken)
                    {
                        broken[m.Incarnation] = new NodeFault(epoch, self.Incarnation, "exchange", $"the connection to {node.Name} broke: {m.Reason}");
                    }

                    OnSuspicion(address, m.Reason);
                }
            }
        });
        Receive<ClusterEvent.MemberDowned>(m =>
        {
            known.Add(m.Member.UniqueAddress);
            if (peers.TryGetValue(m.Member.Address, out NodeIdentity? node) && Incarnation.Is(node, m.Member.UniqueAddress))
            {
                suspicions.Lost(node.Incarnation);
            }
        });
        Receive<ClusterEvent.IMemberEvent>(m => known.Add(m.Member.UniqueAddress));
        Receive<Look>(OnLook);
        Receive<ThisActorSystemQuarantinedEvent>(_ => exit(NodeExit.Downed, "this node was quarantined by a peer"));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(DisassociatedEvent));
        Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
        Context.System.EventStream.Subscribe(Self, typeof(NodeHello));
        Context.System.EventStream.Subscribe(Self, typeof(PrepareEpoch));
        cluster.Subscribe(Self, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent));
    }

    protected override void PostStop() => cluster.Unsubscribe(Self);

    private void OnSuspicion(Address address, string reason)
    {
        if (peers.TryGetValue(address, out NodeIdentity? node) && !Timers.IsTimerActive(address))
        {
            log.Info("{0} is suspected: {1}", node.Name, reason);
            suspicions.Note(node.Incarnation);
            OnLook(new Look(address, Looks));
        }
    }

    private void OnLook(Look look)
    {
        if (!peers.TryGetValue(look.Address, out NodeIdentity? node))
        {
            return;
        }

        if (node.Host == self.Host && ProcessTable.IsGone(node.Pid, node.ProcessStart))
        {
            peers.Remove(look.Address);

            // Akka downs whoever has the address: the proof is good for this process only, not for the next one there.
            if (cluster.State.Members.Any(m => Incarnation.Is(node, m.UniqueAddress)))
            {
                log.Info("{0}: process {1} is gone; downed", node.Name, node.Pid);
                suspicions.Lost(node.Incarnation);
                ProvenFailureDetector.Prove(look.Address);
                cluster.Down(look.Address);
            }
        }
        else if (look.Left > 0)
        {
            // A dying process closes its sockets before its pid disappears.
            Timers.StartSingleTimer(look.Address, look with { Left = look.Left - 1 }, LookAgain);
        }
        else if (broken.Remove(node.Incarnation, out NodeFault? fault))
        {
            suspicions.Clear(node.Incarnation);
            coordinator.Tell(fault, ActorRefs.NoSender);
        }
    }
}
