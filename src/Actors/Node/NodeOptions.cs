using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Faults;
using MoeActors.Compute.Checkpoints.Storage.ObjectStores;
using MoeActors.Compute.Routing;

namespace MoeActors.Actors.Node;

/// <summary>Everything a node process needs to know to start; built by the host from configuration and flags.</summary>
public sealed record NodeOptions
{
    /// <summary>Name of the node, unique in its cluster.</summary>
    public required string Name { get; init; }

    /// <summary>How often this node was started before under the same supervisor: 0 = first.</summary>
    public int Start { get; init; }

    /// <summary>Address the control plane binds to; loopback unless configured.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Port of the control plane; 0 = any free one (a fresh one per incarnation).</summary>
    public int Port { get; init; }

    /// <summary>Nodes to join, "host:port"; empty = begin a cluster.</summary>
    public IReadOnlyList<string> Join { get; init; } = [];

    /// <summary>Folder for the node's own files: journal, flight recorder, sockets.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The run folder of the supervisor that has started this node, whose journal is for that folder alone; null = no supervisor: the journal is the cluster's, for one run after another.</summary>
    public string? RunFolder { get; init; }

    /// <summary>Shared secret of control and data plane: every peer proves that it knows it, on loopback too.</summary>
    public required string Secret { get; init; }

    /// <summary>Whether nodes of another build that speak the same protocol are let in: for the time of a rolling upgrade.</summary>
    public bool MixedBuilds { get; init; }

    /// <summary>Certificates of the control plane; null = the secret is what is proven.</summary>
    public ControlTls? Tls { get; init; }

    /// <summary>Data plane.</summary>
    public required ExchangeOptions Exchange { get; init; }

    /// <summary>Emulated faults of the data plane's links; null = none.</summary>
    internal ILinkFaults? LinkFaults { get; init; }

    /// <summary>Where this node computes; null = a GPU where build and machine have one, else the CPU.</summary>
    public TorchSharp.torch.Device? Device { get; init; }

    /// <summary>Failure detector and split-brain resolver.</summary>
    public DetectionOptions Detection { get; init; } = new();

    /// <summary>Journal of the coordinator.</summary>
    public required JournalOptions Journal { get; init; }

    /// <summary>How object stores of checkpoints are reached, with this node's credentials.</summary>
    public ObjectStoreOptions ObjectStore { get; init; } = new();

    /// <summary>How long to wait for a replacement of a lost node before going on with fewer.</summary>
    public TimeSpan RecoveryGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a node must stay before a run that goes on with fewer takes it in.</summary>
    public TimeSpan RecoverySettle { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to try to connect to the peers of an epoch.</summary>
    public TimeSpan ConnectPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest piece of work of the compute thread before the process counts as hung and ends; zero = no limit.</summary>
    public TimeSpan ComputeLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Memory that must be left over after a run's state, in bytes; null = memory is not checked.</summary>
    public long? MemoryReserve { get; init; } = 0;

    /// <summary>Planned deaths (AD-1: empty unless fault injection is enabled).</summary>
    public IReadOnlyList<KillPoint> KillPoints { get; init; } = [];

    /// <summary>What of fault injection is allowed (AD-1): nothing unless configured.</summary>
    public FaultLimits Faults { get; init; } = FaultLimits.Off;

    /// <summary>What time of day this node says it is.</summary>
    public NodeClock Clock { get; init; } = new();

    /// <summary>Asks the supervisor of this process for one more node; null where there is none that could start one.</summary>
    public Action? StartNode { get; init; }

    /// <summary>Akka log level.</summary>
    public string LogLevel { get; init; } = "INFO";

    /// <summary>Akka configuration that attaches the node's logger; empty = no log.</summary>
    public Akka.Configuration.Config Logging { get; init; } = Akka.Configuration.Config.Empty;

    /// <summary>Writes a run's reports; made anew for each coordinator that takes office.</summary>
    public required Func<string, IRunRecorder> Recorder { get; init; }

    /// <summary>Told of each chunk an expert shard computes; null when nobody asks.</summary>
    public Action<int, long, int, ChunkKey>? Trace { get; init; }

    /// <summary>How a unit is brought to the recovery point (ST-1); another only in tests of what would happen without.</summary>
    internal Func<State.UnitState, long, Protocol.DecidedUpdate?, Compute.Specs.TrainingSpec, bool> RollForward { get; init; } = State.RollForward.To;

    /// <summary>Told in the middle of each unit's update: (unit, step); what it throws tears the unit. Null when nobody asks.</summary>
    public Action<Compute.Parameters.UnitId, long>? Updating { get; init; }

    /// <summary>Told before an expert shard computes the gradient of a chunk's rows: (unit, step); null when nobody asks.</summary>
    public Action<Compute.Parameters.UnitId, long>? Returning { get; init; }
}

/// <summary>How fast silence counts as a failure. Proof of death (a process of this machine that is gone) acts at once.</summary>
public sealed record DetectionOptions
{
    /// <summary>Heartbeat interval.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Silence accepted beyond the learned interval.</summary>
    public TimeSpan AcceptablePause { get; init; } = TimeSpan.FromMilliseconds(1800);

    /// <summary>How soon the first heartbeat of a new peer must come.</summary>
    public TimeSpan ExpectedResponse { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Time between two rounds of gossip.</summary>
    public TimeSpan Gossip { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Time between two rounds of the leader's work: members up, members removed.</summary>
    public TimeSpan LeaderActions { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Time between two looks at who is unreachable.</summary>
    public TimeSpan Reaper { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long membership must be stable before the split-brain resolver decides.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Which side of a partition goes on: keep-majority, keep-oldest, static-quorum or lease-majority (PostgreSQL only, see <see cref="DatabaseLease"/>).</summary>
    public string Strategy { get; init; } = "keep-majority";

    /// <summary>Nodes a side needs under static-quorum.</summary>
    public int Quorum { get; init; } = 1;

    /// <summary>Patience with a join that is not answered.</summary>
    public TimeSpan JoinRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Patience with a connection that is being made.</summary>
    public TimeSpan ConnectionTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time a connection that broke stays closed before it is tried again.</summary>
    public TimeSpan ConnectionRetry { get; init; } = TimeSpan.FromMilliseconds(500);
}
