namespace MoeActors.Compute.Specs;

/// <summary>How the outputs of shared and routed experts are added up; x is what the shared experts read.</summary>
public enum SharedCombination
{
    /// <summary>shared + routed.</summary>
    Direct,

    /// <summary>σ(W·x)·shared + routed, W a row of the model's width (ScMoE's CG-1).</summary>
    Cg1,

    /// <summary>a·shared + b·routed, (a, b) = softmax(W·x), W two rows (ScMoE's CG-2).</summary>
    Cg2,
}
