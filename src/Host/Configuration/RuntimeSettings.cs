using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Faults;
using MoeActors.Compute.Checkpoints.Storage.ObjectStores;
using MoeActors.Compute.Specs;

namespace MoeActors.Host.Configuration;

/// <summary>Everything about a process that is no part of a run's arithmetic.</summary>
internal sealed record RuntimeSettings
{
    /// <summary>Where the run keeps everything, absolute; null = runs/&lt;time&gt;-&lt;preset&gt;-&lt;id&gt; of the working folder.</summary>
    public required string? RunDirectory { get; init; }

    /// <summary>Device.</summary>
    public required DeviceChoice Device { get; init; }

    /// <summary>Control plane.</summary>
    public required ClusterSettings Cluster { get; init; }

    /// <summary>Data plane.</summary>
    public required DataPlaneSettings DataPlane { get; init; }

    /// <summary>Coordinator's journal.</summary>
    public required PersistenceSettings Persistence { get; init; }

    /// <summary>How an object store of checkpoints is reached.</summary>
    public required ObjectStoreOptions ObjectStore { get; init; }

    /// <summary>Node processes.</summary>
    public required SupervisionSettings Supervision { get; init; }

    /// <summary>How long a lost node is awaited before its ranks move.</summary>
    public required TimeSpan RecoveryGrace { get; init; }

    /// <summary>How long a node must stay before a run that goes on with fewer takes it in.</summary>
    public required TimeSpan RecoverySettle { get; init; }

    /// <summary>Checks before a start.</summary>
    public required ResourceSettings Resources { get; init; }

    /// <summary>Folder of a node started by hand, absolute; null = .moe/cluster of the working folder.</summary>
    public required string? NodeDirectory { get; init; }

    /// <summary>Metrics.</summary>
    public required HttpSettings Http { get; init; }

    /// <summary>Whether failures may be injected (AD-1).</summary>
    public required bool FaultsEnabled { get; init; }

    /// <summary>How far.</summary>
    public required FaultLimits Faults { get; init; }

    /// <summary>Where a node kills itself: NODE[/START]:STEP:PHASE[:OCCURRENCE].</summary>
    public required IReadOnlyList<string> KillPoints { get; init; }

    /// <summary>Longest random delay of a data-plane message; zero = none.</summary>
    public required TimeSpan RandomDelay { get; init; }

    /// <summary>Name of a node started by hand; null = after its port.</summary>
    public required string? NodeName { get; init; }

    /// <summary>Reports.</summary>
    public required ReportSettings Reports { get; init; }

    /// <summary>Logs.</summary>
    public required LoggingSettings Logging { get; init; }

    /// <summary>Text from a checkpoint.</summary>
    public required GenerationSettings Generation { get; init; }

    /// <summary>Reads all sections.</summary>
    public static RuntimeSettings Read(SettingsReader r)
    {
        ClusterSettings cluster = ClusterSettings.Read(r);
        return new RuntimeSettings
        {
            RunDirectory = r.PathOrNull("run-dir"),
            Device = r.Choice("device", ("auto", DeviceChoice.Auto), ("cpu", DeviceChoice.Cpu), ("cuda", DeviceChoice.Cuda)),
            Cluster = cluster,
            DataPlane = DataPlaneSettings.Read(r),
            Persistence = PersistenceSettings.Read(r, cluster),
            ObjectStore = ObjectStoreSettings.Read(r, Environment.GetEnvironmentVariable),
            Supervision = SupervisionSettings.Read(r),
            RecoveryGrace = r.Duration("recovery.grace"),
            RecoverySettle = r.Duration("recovery.settle"),
            Resources = ResourceSettings.Read(r),
            NodeDirectory = r.PathOrNull("node.data-dir"),
            Http = HttpSettings.Read(r),
            NodeName = ReadNodeName(r),
            FaultsEnabled = r.Switch("faults.enabled"),
            Faults = FaultSettings.Read(r),
            KillPoints = ReadKillPoints(r),
            RandomDelay = r.Duration("faults.random-delay", TimeSpan.Zero, TimeSpan.FromHours(1)),
            Reports = ReportSettings.Read(r),
            Logging = LoggingSettings.Read(r),
            Generation = GenerationSettings.Read(r),
        };
    }

    /// <summary>A node's name is part of file names and of what is logged.</summary>
    private static string? ReadNodeName(SettingsReader r)
    {
        string name = r.Text("node.name");
        return name.Length is <= 100 and not 0 && !name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c is '/' or '\\') ? name
            : name.Length == 0 ? null
            : throw r.Wrong("node.name", "at most 100 characters, no blank and no slash among them");
    }

    /// <summary>Checked here, so that a mistake is said before anything is started.</summary>
    private static IReadOnlyList<string> ReadKillPoints(SettingsReader r)
    {
        IReadOnlyList<string> points = r.List("faults.kill-points");
        try
        {
            foreach (string point in points)
            {
                KillPoint.Parse(point);
            }
        }
        catch (SpecException e)
        {
            throw new SettingsException($"{r.Origin("faults.kill-points")}: {e.Message}");
        }

        return points.Count == 0 || r.Switch("faults.enabled")
            ? points
            : throw r.Wrong("faults.kill-points", "faults.enabled = on beside it: failures are injected only where it is asked for twice (AD-1)");
    }
}
