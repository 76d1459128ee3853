using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Node;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Host.Configuration;
using MoeActors.Host.Diagnostics;

namespace MoeActors.Host.Nodes;

/// <summary>A node's options from the settings.</summary>
internal static class NodeOptionsBuilder
{
    /// <summary>Builds the options.</summary>
    /// <param name="settings">All settings.</param>
    /// <param name="start">How often this node was started before.</param>
    /// <param name="recorder">Opens the record of a run's folder, by a clock.</param>
    public static NodeOptions Build(MoeSettings settings, int start, Func<string, TimeProvider, IRunRecorder> recorder)
    {
        RuntimeSettings runtime = settings.Runtime;
        ClusterSettings cluster = runtime.Cluster;
        string folder = runtime.NodeDirectory ?? Path.GetFullPath(Path.Combine(".moe", "cluster"));
        string name = runtime.NodeName ?? $"node-{cluster.Port}";
        string logs = runtime.Logging.Folder ?? Path.Combine(folder, "logs");
        KillPoint[] kills = [.. runtime.KillPoints.Select(KillPoint.Parse)];
        var clock = new NodeClock();
        return new NodeOptions
        {
            Clock = clock,
            Name = name,
            Start = start,
            Host = cluster.Host,
            Port = cluster.Port,
            Join = [.. cluster.Join.Select(a => a.ToString())],
            DataFolder = folder,
            Secret = cluster.ProvenSecret(),
            MixedBuilds = cluster.MixedBuilds,
            Tls = cluster.Tls.ForControl,
            Device = Device(runtime.Device),
            Exchange = Exchange(runtime, folder),
            Detection = new DetectionOptions
            {
                Heartbeat = cluster.FailureDetector.HeartbeatInterval,
                AcceptablePause = cluster.FailureDetector.AcceptablePause,
                ExpectedResponse = cluster.FailureDetector.ExpectedResponseAfter,
                Gossip = cluster.FailureDetector.GossipInterval,
                LeaderActions = cluster.FailureDetector.LeaderActionsInterval,
                Reaper = cluster.FailureDetector.ReaperInterval,
                StableAfter = cluster.SplitBrain.StableAfter,
                Strategy = cluster.SplitBrain.Strategy switch
                {
                    SplitBrainStrategy.KeepOldest => "keep-oldest",
                    SplitBrainStrategy.StaticQuorum => "static-quorum",
                    SplitBrainStrategy.LeaseMajority => "lease-majority",
                    _ => "keep-majority",
                },
                Quorum = cluster.SplitBrain.Quorum > 0 ? cluster.SplitBrain.Quorum : (settings.Run.Nodes / 2) + 1,
                JoinRetry = cluster.JoinRetry,
                ConnectionRetry = cluster.ConnectionRetry,
                ConnectionTimeout = cluster.ConnectionTimeout,
            },
            MemoryReserve = runtime.Resources.Check ? runtime.Resources.MemoryReserve : null,
            Journal = Journal(runtime, folder),
            ObjectStore = runtime.ObjectStore,
            RecoveryGrace = runtime.RecoveryGrace,
            RecoverySettle = runtime.RecoverySettle,
            ComputeLimit = runtime.Supervision.ComputeLimit,
            ConnectPatience = runtime.DataPlane.ConnectTimeout,
            Faults = runtime.Faults,
            KillPoints = kills,
            LinkFaults = runtime is { FaultsEnabled: true, RandomDelay.Ticks: > 0 }
                ? new SeededDelays(settings.Run.Training.Seed, (int)Math.Max(1, runtime.RandomDelay.TotalMilliseconds))
                : null,
            LogLevel = runtime.Logging.Level switch
            {
                LogThreshold.Debug => "DEBUG",
                LogThreshold.Info => "INFO",
                LogThreshold.Warning => "WARNING",
                _ => "ERROR",
            },
            Logging = NodeLogger.Settings(Path.Combine(logs, $"{name}.log"), name, runtime.Logging.MaxFile, runtime.Logging.KeepFiles),
            Recorder = runFolder => recorder(runFolder, clock),
        };
    }

    private static TorchSharp.torch.Device Device(DeviceChoice choice)
    {
        if (choice == DeviceChoice.Cuda && Devices.CudaCount() == 0)
        {
            throw new SpecException("device = cuda: this build or machine has no CUDA device; expected auto or cpu, or a build with MOE_DEVICE=cuda on a machine with an NVIDIA driver");
        }

        return choice == DeviceChoice.Cpu ? TorchSharp.torch.CPU : Devices.Select();
    }

    private static JournalOptions Journal(RuntimeSettings runtime, string folder) => runtime.Persistence.Provider == PersistenceProvider.PostgreSql
        ? new JournalOptions("postgresql", runtime.Persistence.ConnectionString)
        : new JournalOptions("sqlite", runtime.Persistence.ConnectionString.Length > 0 ? runtime.Persistence.ConnectionString : JournalSettings.Embedded(folder));

    private static ExchangeOptions Exchange(RuntimeSettings runtime, string folder)
    {
        ClusterSettings cluster = runtime.Cluster;
        DataPlaneSettings data = runtime.DataPlane;
        return new ExchangeOptions
        {
            // A Unix socket carries no TLS: whoever asks for TLS gets it on the loopback address too.
            Listen = data.UnixSockets && cluster.IsLocal && !cluster.Tls.Enabled ? "unix" : $"tcp:{cluster.Host}:{data.Port}",
            Folder = Path.Combine(folder, "sockets"),
            Secret = cluster.ProvenSecret(),
            Tls = cluster.Tls is { Enabled: true, Certificate: { } certificate }
                ? TlsFiles.ForDataPlane(certificate, cluster.Tls.Password, cluster.Tls.Authority, folder)
                : null,
            SpinMicroseconds = (int)data.Spin.TotalMicroseconds,
            ChecksumPayload = data.Checksum,
            CreditBytes = data.Credit,
            PieceBytes = data.Piece,
            MaxPayloadBytes = data.MaxMessage,
            HandshakeTimeout = data.ConnectTimeout,
            StallTimeout = data.Deadline,
            Heartbeat = data.Heartbeat,
            Silence = data.Silence,
        };
    }
}
