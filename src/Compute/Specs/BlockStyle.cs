namespace MoeActors.Compute.Specs;

/// <summary>Which of the two decoder block families a model uses.</summary>
public enum BlockStyle
{
    /// <summary>RMSNorm, rotary positions, grouped-query attention, SwiGLU experts, no biases.</summary>
    Llama,

    /// <summary>LayerNorm, learned positions, multi-head attention, GELU experts, biases, tied embedding (the MoC paper's models).</summary>
    Gpt2,
}
