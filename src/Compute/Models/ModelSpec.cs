namespace MoeActors.Compute.Models;

/// <summary>Which of the two decoder block families a model uses.</summary>
public enum BlockStyle
{
    /// <summary>RMSNorm, rotary positions, grouped-query attention, SwiGLU experts, no biases.</summary>
    Llama,

    /// <summary>LayerNorm, learned positions, multi-head attention, GELU experts, biases, tied embedding (the MoC paper's models).</summary>
    Gpt2,
}

/// <summary>Order of softmax and top-k in the router.</summary>
public enum GateOrder
{
    /// <summary>TopK(softmax(g)) — GShard, Switch, OLMoE.</summary>
    SoftmaxThenTopK,

    /// <summary>softmax(TopK(g + noise, k)) — Shazeer, Mixtral.</summary>
    TopKThenSoftmax,
}

/// <summary>A decoder-only transformer's shape. Pure data: building and sharding it are decided elsewhere.</summary>
public sealed record ModelSpec
{
    /// <summary>Preset name, for people.</summary>
    public required string Name { get; init; }

    /// <summary>Block family.</summary>
    public BlockStyle Style { get; init; } = BlockStyle.Llama;

    /// <summary>Number of token ids.</summary>
    public int Vocabulary { get; init; } = 256;

    /// <summary>Tokens in one training sequence.</summary>
    public required int Context { get; init; }

    /// <summary>Number of decoder blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Model width d.</summary>
    public required int Hidden { get; init; }

    /// <summary>Query heads; the head width is Hidden / Heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key/value heads (grouped-query attention); divides <see cref="Heads"/>.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Hidden width of the feed-forward network in blocks without experts.</summary>
    public required int FeedForward { get; init; }

    /// <summary>Whether the output projection shares the embedding's weights.</summary>
    public bool TiedEmbedding { get; init; }

    /// <summary>Epsilon of the norms.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>Standard deviation of the initial weights.</summary>
    public double InitStd { get; init; } = 0.02;

    /// <summary>The Mixture-of-Experts layers.</summary>
    public required MoeSpec Moe { get; init; }

    /// <summary>Indices of the blocks whose feed-forward part is an MoE layer, ascending.</summary>
    public IReadOnlyList<int> MoeLayers()
    {
        var layers = new List<int>();
        for (int l = Moe.First; l < Layers; l += Moe.Every)
        {
            layers.Add(l);
        }

        return layers;
    }

    /// <summary>Whether block <paramref name="layer"/> holds an MoE layer.</summary>
    public bool IsMoe(int layer) => layer >= Moe.First && (layer - Moe.First) % Moe.Every == 0;

    /// <summary>Throws <see cref="SpecException"/> naming the first key that cannot be.</summary>
    public void Validate()
    {
        SpecLimits.Within(Vocabulary, 2, SpecLimits.Vocabulary, "model.vocabulary");
        SpecLimits.Within(Context, 1, SpecLimits.Context, "model.context");
        SpecLimits.Within(Layers, 1, SpecLimits.Layers, "model.layers");
        Require(Hidden <= SpecLimits.Hidden, "model.hidden", Hidden, $"at most {SpecLimits.Hidden}");
        Require(Heads >= 1 && Hidden % Heads == 0, "model.heads", Heads, $"a divisor of model.hidden = {Hidden}");
        Require(KvHeads >= 1 && Heads % KvHeads == 0, "model.kv-heads", KvHeads, $"a divisor of model.heads = {Heads}");
        Require(Hidden >= 16 && Hidden % 16 == 0, "model.hidden", Hidden, "a multiple of 16 (64-byte rows)");
        Require(Style == BlockStyle.Gpt2 || (Hidden / Heads) % 2 == 0, "model.heads", Heads, "an even head width (rotary positions turn pairs)");
        SpecLimits.Within(FeedForward, 1, SpecLimits.Width, "model.feed-forward");
        SpecLimits.Within(Moe.Every, 1, SpecLimits.Layers, "model.moe.every");
        Require(Moe.First >= 0 && Moe.First < Layers, "model.moe.first", Moe.First, $"between 0 and model.layers - 1 = {Layers - 1}");
        SpecLimits.Within(Moe.Experts, 1, SpecLimits.Experts, "model.moe.experts");
        Require(Moe.TopK >= 1 && Moe.TopK <= Moe.Experts, "model.moe.top-k", Moe.TopK, $"between 1 and model.moe.experts = {Moe.Experts}");
        SpecLimits.Within(Moe.ExpertHidden, 1, SpecLimits.Width, "model.moe.expert-hidden");
        Require(Moe.CapacityFactor >= 0, "model.moe.capacity-factor", Moe.CapacityFactor, "0 (dropless) or a positive factor");
        Require(
            Moe.SharedExperts >= 0 && (long)Moe.SharedExperts * Moe.ExpertHidden <= SpecLimits.Width,
            "model.moe.shared-experts", Moe.SharedExperts, $"0 or more, and at most a width of {SpecLimits.Width} with model.moe.expert-hidden = {Moe.ExpertHidden} each");
        SpecLimits.Size(this);
    }

    private static void Require(bool ok, string key, object value, string expected) =>
        SpecException.Require(ok, key, value, expected);
}

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

    /// <summary>Coefficient of the balance loss N·Σ f_e·P_e (GShard, Switch, Mixtral).</summary>
    public double BalanceLoss { get; init; } = 0.01;

    /// <summary>Coefficient of the router z-loss mean (log Σ e^x)².</summary>
    public double RouterZLoss { get; init; }
}

/// <summary>A setting that cannot be: names the key, the value and what was expected.</summary>
public sealed class SpecException : Exception
{
    /// <summary>Creates the exception from one ready sentence.</summary>
    public SpecException(string message)
        : base(message)
    {
    }

    /// <summary>Throws unless <paramref name="ok"/>.</summary>
    public static void Require(bool ok, string key, object value, string expected)
    {
        if (!ok)
        {
            throw new SpecException($"{key} = {value}: expected {expected}");
        }
    }
}
