using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints;

/// <summary>PURE: which tensors a complete checkpoint holds.</summary>
public static class ExpectedState
{
    /// <summary>The tensors of a run's state with their slots.</summary>
    public static IReadOnlyList<ExpectedTensor> Of(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        string[] slots = spec.Training.Precision == Precision.BFloat16 ? ["master", "m", "v", "weights"] : ["master", "m", "v"];
        var expected = new List<ExpectedTensor>();
        var layouts = new List<ParameterLayout> { ParameterLayout.Dense(spec.Model) };
        layouts.AddRange(spec.Model.MoeLayers().Select(layer => ParameterLayout.Experts(spec.Model, layer, 0, spec.Model.Moe.Experts)));
        foreach (ParameterEntry entry in layouts.SelectMany(l => l.Entries))
        {
            expected.Add(new ExpectedTensor(entry.Name, entry.Layer, entry.Expert, entry.Shape, slots));
        }

        return expected;
    }
}
