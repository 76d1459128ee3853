namespace MoeActors.Compute.Specs;

/// <summary>What a parameter is before the first step.</summary>
public enum ParameterStart
{
    /// <summary>N(0, model.init-std).</summary>
    Normal,

    /// <summary>N(0, model.init-std / √(2·layers)): a projection back into the residual stream (GPT-2).</summary>
    IntoResidual,

    /// <summary>0: biases, and the noise of a gate (Shazeer et al. 2017, appendix A).</summary>
    Zero,

    /// <summary>1: norms.</summary>
    One,
}
