namespace MoeActors.Compute.Specs;

/// <summary>Which gate a model's MoE layers have, and what it can be told beyond the number of choices. Each gate says which of these it goes by; what it does not read must be as it is here.</summary>
public sealed record GateSpec
{
    /// <summary>Its name in the catalogue.</summary>
    public string Name { get; init; } = "top-k";

    /// <summary>Groups the experts are cut into, in order, all of one size; 1 = none.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Groups a token may choose from.</summary>
    public int KeptGroups { get; init; } = 1;

    /// <summary>What the weights are multiplied with.</summary>
    public double WeightScale { get; init; } = 1;

    /// <summary>What a selection bias moves by in a step.</summary>
    public double BiasRate { get; init; } = 0.001;

    /// <summary>Choices beside the experts that stand for none (AdaMoE).</summary>
    public int NullExperts { get; init; }

    /// <summary>Zero-computation experts that give nothing (MoE++).</summary>
    public int ZeroExperts { get; init; }

    /// <summary>Zero-computation experts that give the row as it is (MoE++, LongCat).</summary>
    public int CopyExperts { get; init; }

    /// <summary>Zero-computation experts that mix the row with a vector of their own (MoE++).</summary>
    public int ConstantExperts { get; init; }

    /// <summary>Choices beside the experts that nothing is sent for.</summary>
    public int Free => NullExperts + ZeroExperts + CopyExperts + ConstantExperts;
}
