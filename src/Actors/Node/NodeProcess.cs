using System.Net.Sockets;

using Akka.Actor;
using Akka.Cluster.Tools.Singleton;
using Akka.Event;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Exchange.Wires;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Actors.Training;
using MoeActors.Compute.Files;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Node;

/// <summary>One running node: its actor system, data plane and actors. Several may live in one process (tests).</summary>
public sealed class NodeProcess : IAsyncDisposable
{
    private readonly ActorSystem system;
    private readonly IExchange exchange;
    private readonly FlightRecorder flight;
    private readonly Suspicions suspicions = new();
    private readonly KnownMembers known = new();
    private ComputeThreadWatchdog? watchdog;
    private SnapshotVault? vault;
    private readonly CheckpointPlaces places;
    private readonly NodeFaults? faults;
    private readonly ControlCredentials credentials;
    private readonly TaskCompletionSource<(int Code, string Reason)> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeProcess(
        ActorSystem system, ControlCredentials credentials, IExchange exchange, FlightRecorder flight, CheckpointPlaces places, NodeFaults? faults, NodeIdentity identity)
    {
        (this.system, this.credentials, this.exchange, this.flight, this.places, this.faults, Identity) = (system, credentials, exchange, flight, places, faults, identity);
        Address = system.Provider() is { } provider ? $"{provider.Host}:{provider.Port}" : "";
    }

    /// <summary>Who this node is.</summary>
    public NodeIdentity Identity { get; }

    /// <summary>"host:port" of the control plane, for others to join.</summary>
    public string Address { get; }

    /// <summary>The actor system, for the host's own actors.</summary>
    public ActorSystem System => system;

    /// <summary>Its snapshots in memory; for tests that lose them.</summary>
    internal SnapshotVault? Vault => vault;

    /// <summary>Data plane's counters.</summary>
    public ExchangeStatistics Statistics => exchange.Statistics;

    /// <summary>Ends with the exit code and reason when the node must not go on (refused, downed, device lost).</summary>
    public Task<(int Code, string Reason)> Ended => ended.Task;

    /// <summary>Starts a node and joins its cluster; throws <see cref="SpecException"/> or <see cref="IOException"/> with one clear sentence.</summary>
    public static async Task<NodeProcess> StartAsync(NodeOptions options, CancellationToken cancellation)
    {
        PrivateFiles.CreateFolder(options.DataFolder);
        NodeFaults? faults = options.Faults.Enabled ? new NodeFaults(options) : null;
        var credentials = ControlCredentials.Of(options.Tls, options.Secret);
        ActorSystem system = await StartSystemAsync(options, credentials, faults?.Control).ConfigureAwait(false);
        try
        {
            (string host, int port) = system.Provider()!.Value;
            var cluster = Akka.Cluster.Cluster.Get(system);
            string incarnation = Incarnation.New(cluster.SelfUniqueAddress);
            string FlightPath(string name, string inc) => Path.Combine(options.DataFolder, "flight", $"{name}-{inc}.flight");
            var flight = new FlightRecorder(FlightPath(options.Name, incarnation), new KillPlan(options.KillPoints, options.Name, options.Start));
            var exchange = DataPlane.Open(options.Exchange, faults?.Links ?? options.LinkFaults);
            var refusals = new RefusalLog(line => system.Log.Warning("data plane: {0}", line));
            exchange.Notice += refusals.Add;
            var identity = new NodeIdentity(
                options.Name, incarnation, ControlSystem.AddressOf(system, $"{host}:{port}").ToString(), Environment.MachineName, Environment.ProcessId,
                ProcessTable.OwnStart, exchange.LocalAddress, Environment.ProcessorCount, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
                ProtocolVersion.Build, ProtocolVersion.Current, JournalPlace.Of(options.Journal));
            var node = new NodeProcess(system, credentials, exchange, flight, new CheckpointPlaces(options.ObjectStore, faults?.Storage, options.Clock), faults, identity);
            if (options.Join.Count > 0)
            {
                await ClusterAuthentication.AuthenticateAsync(system, credentials, options.Join, options.Secret, joins: true, TimeSpan.FromSeconds(10), cancellation).ConfigureAwait(false);
            }

            node.CreateActors(options, FlightPath);
            cluster.RegisterOnMemberRemoved(() => node.End(NodeExit.Downed, "the cluster removed this node"));

            // Also the end of a node that could not join in time: without it the process would stay behind, doing nothing.
            _ = system.WhenTerminated.ContinueWith(_ => node.End(NodeExit.Downed, "the cluster could not be joined"), TaskScheduler.Default);
            Akka.Actor.Address[] seeds = options.Join.Count == 0
                ? [cluster.SelfAddress]
                : options.Join.Select(j => ControlSystem.AddressOf(system, j)).ToArray();
            if (options.Join.Count == 0)
            {
                cluster.Join(cluster.SelfAddress);
            }
            else
            {
                cluster.JoinSeedNodes(seeds);
            }

            return node;
        }
        catch
        {
            await system.Terminate().ConfigureAwait(false);
            credentials.Dispose();
            throw;
        }
    }

    /// <summary>Leaves the cluster and frees everything.</summary>
    public async ValueTask DisposeAsync()
    {
        ended.TrySetResult((NodeExit.Ok, "stopped"));
        watchdog?.Dispose();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await Akka.Cluster.Cluster.Get(system).LeaveAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The others are gone or leave at the same time: nobody is left to agree.
        }

        await system.Terminate().ConfigureAwait(false);
        credentials.Dispose();
        vault?.Dispose();
        exchange.Dispose();
        flight.Dispose();
        places.Dispose();
    }

    private static async Task<ActorSystem> StartSystemAsync(NodeOptions options, ControlCredentials credentials, ControlFaults? faults)
    {
        try
        {
            return ControlSystem.Create(AkkaSettings.Node(options).WithFallback(JournalSettings.Of(options.Journal)), credentials, faults);
        }
        catch (Exception e) when (Innermost(e) is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse or SocketError.AddressNotAvailable or SocketError.AccessDenied } inner)
        {
            credentials.Dispose();
            await Task.CompletedTask.ConfigureAwait(false);
            throw new IOException($"cannot listen on {options.Host}:{options.Port}: {inner.Message}; choose another --port (0 = any free one)", e);
        }
    }

    /// <summary>Below every wrapping: an aggregate's own base exception is only the first that is no aggregate.</summary>
    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;

    private void CreateActors(NodeOptions options, Func<string, string, string> flightPath)
    {
        Action<int, string> exit = End;
        IActorRef coordinator = system.ActorOf(
            ClusterSingletonProxy.Props("/user/run-manager", ClusterSingletonProxySettings.Create(system).WithSingletonName("run")), "run-proxy");
        var writerMemory = new WriterMemory();
        IActorRef writer = system.ActorOf(
            Props.Create(() => new CheckpointWriterActor(Identity.Incarnation, flight, places, () => coordinator, writerMemory)).WithDispatcher(NodeServices.StorageDispatcher),
            "checkpoint-writer");
        TorchSharp.torch.Device device = options.Device ?? Compute.Tensors.Devices.Select();
        vault = new SnapshotVault(pinned: device.type == TorchSharp.DeviceType.CUDA, copied => writer.Tell(copied, ActorRefs.NoSender));
        var services = new NodeServices
        {
            Identity = Identity,
            Device = device,
            Vault = vault,
            Exchange = exchange,
            Flight = flight,
            Time = options.Clock,
            Checkpoints = places,
            Writer = writer,
            WriterMemory = writerMemory,
            CoordinatorProxy = coordinator,
            ConnectPatience = options.ConnectPatience,
            StatePatience = options.ComputeLimit > TimeSpan.Zero ? options.ComputeLimit + options.ConnectPatience : TimeSpan.MaxValue,
            CheckRoom = spec =>
            {
                if (options.MemoryReserve is { } reserve)
                {
                    RoomCheck.Memory(spec, Identity, reserve);
                }
            },
            Trace = options.Trace,
            Updating = options.Updating,
            Returning = options.Returning,
            RollForward = options.RollForward,
        };
        IActorRef watch = system.ActorOf(Props.Create(() => new DeathWatchActor(Identity, coordinator, suspicions, known, exit)), "death-watch");
        exchange.PeerFailed += lost => watch.Tell(new DeathWatchActor.Suspect(lost.Incarnation, lost.Reason, lost.Ended), ActorRefs.NoSender);
        IActorRef? admin = faults?.StartAdmin(system, coordinator, JournalNames.Of("fault-admin", options.RunFolder));
        Props? faultAgent = faults?.Agent(services, system, admin!, credentials);
        system.ActorOf(Props.Create(() => new NodeGuardian(services, exit, faultAgent)), "node");
        if (options.ComputeLimit > TimeSpan.Zero)
        {
            watchdog = new ComputeThreadWatchdog(ComputeThreadWatchdog.ThreadOf(system), options.ComputeLimit, reason => exit(NodeExit.Hung, reason), options.Clock);
        }

        system.ActorOf(Props.Create(() => new GatewayActor(options.Secret, options.MixedBuilds, coordinator, admin)), "gateway");
        var coordinatorOptions = new CoordinatorOptions(
            options.Name, options.RecoveryGrace, options.RecoverySettle, options.Journal.Provider != "sqlite", flightPath, flight, options.Recorder)
        {
            Exit = exit,
            Here = Identity,
            MixedBuilds = options.MixedBuilds,
            SuspectedSince = suspicions.Since,
            LostSince = suspicions.LostSince,
            Knows = known.Knows,
            JournalName = JournalNames.Of("run-coordinator", options.RunFolder),
            Checkpoints = places,
            Time = options.Clock,
        };

        system.Scheduler.Advanced.ScheduleOnce(JournalWarmUp.After, () => system.ActorOf(Props.Create(() => new JournalWarmUp()), "journal-warm-up"));

        // No removal margin: the journal's sequence numbers fence a coordinator that does not know yet that it lost its office.
        system.ActorOf(
            ClusterSingletonManager.Props(
                Props.Create(() => new RunCoordinator(coordinatorOptions)).WithDispatcher(NodeServices.StorageDispatcher),
                PoisonPill.Instance,
                ClusterSingletonManagerSettings.Create(system).WithSingletonName("run").WithRemovalMargin(TimeSpan.FromMilliseconds(100))),
            "run-manager");
    }

    private void End(int code, string reason) => ended.TrySetResult((code, reason));
}

/// <summary>Small reads of Akka's own state.</summary>
internal static class SystemExtensions
{
    /// <summary>Host and port the control plane is bound to.</summary>
    public static (string Host, int Port)? Provider(this ActorSystem system)
    {
        Akka.Actor.Address address = ((ExtendedActorSystem)system).Provider.DefaultAddress;
        return address.Host is null || address.Port is null ? null : (address.Host, address.Port.Value);
    }
}
