using System.Globalization;

using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing;

/// <summary>PURE: settings of gates that not every gate goes by. One that is set where nobody reads it is a mistake.</summary>
internal static class GateOptions
{
    private static readonly (string Key, Func<MoeSpec, object> Value)[] All =
    [
        ("gate-order", m => m.GateOrder), ("normalize-top-k", m => m.NormalizeTopK), ("noisy-gate", m => m.NoisyGate), ("groups", m => m.Gate.Groups), ("kept-groups", m => m.Gate.KeptGroups),
        ("weight-scale", m => m.Gate.WeightScale), ("bias-rate", m => m.Gate.BiasRate), ("null-experts", m => m.Gate.NullExperts), ("zero-experts", m => m.Gate.ZeroExperts),
        ("copy-experts", m => m.Gate.CopyExperts), ("constant-experts", m => m.Gate.ConstantExperts),
    ];

    /// <summary>Throws <see cref="SpecException"/> where <paramref name="moe"/> says something its gate does not read.</summary>
    public static void Require(MoeSpec moe, GateInfo gate)
    {
        var usual = new MoeSpec { Experts = 1, TopK = 1, ExpertHidden = 1 };
        foreach ((string key, Func<MoeSpec, object> value) in All)
        {
            if (!gate.Options.Contains(key) && !Equals(value(moe), value(usual)))
            {
                throw new SpecException($"model.moe.{key} = {Text(value(moe))}: expected {Text(value(usual))} with model.moe.gate = {gate.Name}, which does not go by it");
            }
        }
    }

    private static string Text(object value) => value switch
    {
        bool on => on ? "on" : "off",
        GateOrder.SoftmaxThenTopK => "softmax-then-top-k",
        GateOrder.TopKThenSoftmax => "top-k-then-softmax",
        _ => string.Create(CultureInfo.InvariantCulture, $"{value}"),
    };
}
