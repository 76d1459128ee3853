using Prometheus;

namespace MoeActors.Host.Http;

/// <summary>Steps: how far, how fast, how well.</summary>
public static class StepMetrics
{
    /// <summary>Newest committed step.</summary>
    public static Gauge Step { get; } = MetricsSetup.Gauge("moe_step", "Newest committed step.");

    /// <summary>Steps committed by this process since its start, replays included.</summary>
    public static Counter Committed { get; } = MetricsSetup.Counter("moe_steps_committed_total", "Steps committed since the start of this process, replays included.");

    /// <summary>Steps whose update was left out because something was not finite.</summary>
    public static Counter Skipped { get; } = MetricsSetup.Counter("moe_steps_skipped_total", "Steps whose update was left out because a loss or gradient was not finite.");

    /// <summary>Steps committed before and computed again after a recovery.</summary>
    public static Counter Replayed { get; } = MetricsSetup.Counter("moe_steps_replayed_total", "Steps computed again after a recovery.");

    /// <summary>Tokens trained on.</summary>
    public static Counter Tokens { get; } = MetricsSetup.Counter("moe_tokens_total", "Tokens trained on since the start of this process, replays included.");

    /// <summary>Recent speed.</summary>
    public static Gauge TokensPerSecond { get; } = MetricsSetup.Gauge("moe_tokens_per_second", "Recent training speed.");

    /// <summary>Training loss of the newest step, nats per token.</summary>
    public static Gauge Loss { get; } = MetricsSetup.Gauge("moe_loss", "Training loss of the newest step, nats per token.");

    /// <summary>Newest validation loss, nats per token.</summary>
    public static Gauge ValidationLoss { get; } = MetricsSetup.Gauge("moe_validation_loss", "Newest validation loss, nats per token.");

    /// <summary>Global gradient norm of the newest step, before clipping.</summary>
    public static Gauge GradientNorm { get; } = MetricsSetup.Gauge("moe_gradient_norm", "Global gradient norm of the newest step, before clipping.");

    /// <summary>Learning rate of the newest step.</summary>
    public static Gauge LearningRate { get; } = MetricsSetup.Gauge("moe_learning_rate", "Learning rate of the newest step.");

    /// <summary>Routed slots dropped for capacity.</summary>
    public static Counter Dropped { get; } = MetricsSetup.Counter("moe_tokens_dropped_total", "Routed (token, expert) slots dropped for capacity.");

    /// <summary>Auxiliary losses of the newest step, without their coefficients.</summary>
    public static Gauge AuxiliaryLoss { get; } = MetricsSetup.Gauge("moe_auxiliary_loss", "Auxiliary loss of the newest step, without its coefficient.", "loss");

    /// <summary>How uneven the experts' load is.</summary>
    public static Gauge LoadMaxOverMean { get; } = MetricsSetup.Gauge("moe_expert_load_max_over_mean", "Choices of the most chosen expert over the mean, in the newest step.", "layer");

    /// <summary>How even it is, as entropy.</summary>
    public static Gauge LoadEntropy { get; } = MetricsSetup.Gauge("moe_expert_load_entropy", "Entropy of the experts' load over that of an even one, in the newest step.", "layer");

    /// <summary>Wall time of steps, seconds.</summary>
    public static Histogram Duration { get; } = MetricsSetup.Duration("moe_step_seconds", "Wall time of a step, stalls included.");
}
