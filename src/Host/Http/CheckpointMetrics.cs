using Prometheus;

namespace MoeActors.Host.Http;

/// <summary>Checkpoints: how many, how large, what they cost.</summary>
public static class CheckpointMetrics
{
    /// <summary>Checkpoints committed, by kind.</summary>
    public static Counter Committed { get; } = MetricsSetup.Counter("moe_checkpoints_total", "Checkpoints committed.", "kind");

    /// <summary>Checkpoints that could not be committed.</summary>
    public static Counter Failed { get; } = MetricsSetup.Counter("moe_checkpoints_failed_total", "Checkpoints that could not be committed.");

    /// <summary>Step of the newest complete checkpoint.</summary>
    public static Gauge LastStep { get; } = MetricsSetup.Gauge("moe_checkpoint_last_step", "Step of the newest complete checkpoint.");

    /// <summary>Bytes of the checkpoints committed, all nodes.</summary>
    public static Counter Bytes { get; } = MetricsSetup.Counter("moe_checkpoint_written_bytes_total", "Bytes of the checkpoints committed, all nodes together.");

    /// <summary>Time training stood still for a checkpoint, of each step that did, seconds.</summary>
    public static Histogram Stall { get; } = MetricsSetup.Duration("moe_checkpoint_stall_seconds", "Time training stood still for a checkpoint.");

    /// <summary>Longest time a node wrote a checkpoint, seconds.</summary>
    public static Histogram Persist { get; } = MetricsSetup.Duration("moe_checkpoint_persist_seconds", "Longest time a node wrote a checkpoint.");
}
