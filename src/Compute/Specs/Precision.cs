namespace MoeActors.Compute.Specs;

/// <summary>Arithmetic of forward and backward.</summary>
public enum Precision
{
    /// <summary>Everything in fp32; the weights are the master.</summary>
    Float32,

    /// <summary>bf16 weights and activations; fp32 master, m, v and gradients.</summary>
    BFloat16,
}
