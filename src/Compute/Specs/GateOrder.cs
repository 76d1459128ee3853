namespace MoeActors.Compute.Specs;

/// <summary>Order of softmax and top-k in the router.</summary>
public enum GateOrder
{
    /// <summary>TopK(softmax(g)) — GShard, Switch, OLMoE.</summary>
    SoftmaxThenTopK,

    /// <summary>softmax(TopK(g + noise, k)) — Shazeer, Mixtral.</summary>
    TopKThenSoftmax,
}
