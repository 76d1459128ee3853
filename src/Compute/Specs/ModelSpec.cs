namespace MoeActors.Compute.Specs;

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

    /// <summary>How the parts of a block with an MoE layer are connected.</summary>
    public BlockSpec Block { get; init; } = new();

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
        GateSpec gate = Moe.Gate;
        SpecLimits.Within(gate.NullExperts, 0, SpecLimits.Experts, "model.moe.null-experts");
        SpecLimits.Within(gate.ZeroExperts, 0, SpecLimits.Experts, "model.moe.zero-experts");
        SpecLimits.Within(gate.CopyExperts, 0, SpecLimits.Experts, "model.moe.copy-experts");
        SpecLimits.Within(gate.ConstantExperts, 0, SpecLimits.Experts, "model.moe.constant-experts");
        Require(
            Moe.TopK >= 1 && Moe.TopK <= Moe.Targets, "model.moe.top-k", Moe.TopK,
            gate.Free == 0 ? $"between 1 and model.moe.experts = {Moe.Experts}" : $"between 1 and {Moe.Targets}: model.moe.experts = {Moe.Experts} and the {gate.Free} beside them");
        Require(gate.Groups >= 1 && Moe.Experts % gate.Groups == 0, "model.moe.groups", gate.Groups, $"a divisor of model.moe.experts = {Moe.Experts}");
        Require(gate.KeptGroups >= 1 && gate.KeptGroups <= gate.Groups, "model.moe.kept-groups", gate.KeptGroups, $"between 1 and model.moe.groups = {gate.Groups}");
        Require(double.IsFinite(gate.WeightScale) && gate.WeightScale > 0, "model.moe.weight-scale", gate.WeightScale, "a number above 0");
        Require(double.IsFinite(gate.BiasRate) && gate.BiasRate >= 0, "model.moe.bias-rate", gate.BiasRate, "0 or more");
        SpecLimits.Within(Moe.ExpertHidden, 1, SpecLimits.Width, "model.moe.expert-hidden");
        Require(Moe.CapacityFactor >= 0, "model.moe.capacity-factor", Moe.CapacityFactor, "0 (dropless) or a positive factor");
        Require(
            Moe.SharedExperts >= 0 && (long)Moe.SharedExperts * Moe.ExpertHidden <= SpecLimits.Width,
            "model.moe.shared-experts", Moe.SharedExperts, $"0 or more, and at most a width of {SpecLimits.Width} with model.moe.expert-hidden = {Moe.ExpertHidden} each");
        Block.Validate(this);
        SpecLimits.Size(this);
    }

    private static void Require(bool ok, string key, object value, string expected) =>
        SpecException.Require(ok, key, value, expected);
}
