namespace MoeActors.Compute.Specs;

/// <summary>The MoE layers of a model: how many experts, how tokens choose among them, and the auxiliary losses.</summary>
public sealed record MoeSpec
{
    /// <summary>Routed experts N in each MoE layer.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts per token, k.</summary>
    public required int TopK { get; init; }

    /// <summary>Hidden width of one routed expert.</summary>
    public required int ExpertHidden { get; init; }

    /// <summary>Distance between MoE blocks: 1 = every block.</summary>
    public int Every { get; init; } = 1;

    /// <summary>Index of the first MoE block.</summary>
    public int First { get; init; }

    /// <summary>Order of softmax and top-k.</summary>
    public GateOrder GateOrder { get; init; } = GateOrder.SoftmaxThenTopK;

    /// <summary>Whether the selected probabilities are scaled to sum to 1 (only meaningful for <see cref="GateOrder.SoftmaxThenTopK"/>).</summary>
    public bool NormalizeTopK { get; init; } = true;

    /// <summary>Noisy gate of Shazeer: logits + N(0,1)·softplus(x·W_noise), in training only.</summary>
    public bool NoisyGate { get; init; }

    /// <summary>Capacity factor γ: at most ⌈γ·t·k/N⌉ tokens per expert and routing group; 0 = dropless. Applied in training only.</summary>
    public double CapacityFactor { get; init; }

    /// <summary>Shared experts, computed by every rank for its own tokens; they act as one network of SharedExperts·ExpertHidden.</summary>
    public int SharedExperts { get; init; }

    /// <summary>The gate.</summary>
    public GateSpec Gate { get; init; } = new();

    /// <summary>Which choices go where an expert would have more than it may: a name of the catalogue.</summary>
    public string CapacityPolicy { get; init; } = "score";

    /// <summary>Auxiliary losses it is trained with; null = those that go with the gate.</summary>
    public IReadOnlyList<LossSpec>? Losses { get; init; }

    /// <summary>What a token chooses among: the experts, then what nothing is sent for.</summary>
    public int Targets => Experts + Gate.Free;

    /// <summary>Coefficient of the balance loss N·Σ f_e·P_e (GShard, Switch, Mixtral).</summary>
    public double BalanceLoss { get; init; } = 0.01;

    /// <summary>Coefficient of the router z-loss mean (log Σ e^x)².</summary>
    public double RouterZLoss { get; init; }
}
