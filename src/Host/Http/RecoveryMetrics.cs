using Prometheus;

namespace MoeActors.Host.Http;

/// <summary>Faults and what recovering from them takes.</summary>
public static class RecoveryMetrics
{
    /// <summary>Faults seen, by kind and whether they were injected ("true" or "false").</summary>
    public static Counter Faults { get; } = MetricsSetup.Counter("moe_faults_total", "Faults seen.", "kind", "injected");

    /// <summary>Recoveries completed, by rung of the ladder.</summary>
    public static Counter Recoveries { get; } = MetricsSetup.Counter("moe_recoveries_total", "Recoveries completed.", "rung");

    /// <summary>Time from the fault to the end of each phase: "detected", "decided", "fetched", "restored", "rejoined", "first-step"; seconds.</summary>
    public static Histogram Phase { get; } = MetricsSetup.Duration("moe_recovery_phase_seconds", "Time from the fault to the end of a recovery phase.", "phase");

    /// <summary>1 while a recovery is under way.</summary>
    public static Gauge UnderWay { get; } = MetricsSetup.Gauge("moe_recovery_under_way", "1 while a recovery is under way.");

    /// <summary>Effective training time ratio so far, 0 … 1.</summary>
    public static Gauge Ettr { get; } = MetricsSetup.Gauge("moe_ettr_ratio", "Effective training time ratio so far: useful time over wall time, 0 to 1.");

    /// <summary>Proportion of lost tokens so far (MoC paper), 0 … 1.</summary>
    public static Gauge Plt { get; } = MetricsSetup.Gauge("moe_plt_ratio", "Proportion of lost tokens so far, 0 to 1.");
}
