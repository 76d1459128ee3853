using MoeActors.Compute.Specs;
using static TorchSharp.torch;

namespace MoeActors.Compute.Parameters;

/// <summary>
/// A model's full weights in one process: the flat dense part and, for each MoE block and EP position, the flat experts, wherever they come from.
/// Replicas hold the same weights, so they are here once. Owns its tensors.
/// </summary>
public sealed class ModelWeights : IDisposable
{
    private readonly Dictionary<(int Block, int Position), Tensor> experts = [];

    /// <summary>Weights of zero.</summary>
    /// <param name="units">Where each parameter lies.</param>
    /// <param name="precision">Fixes the dtype.</param>
    /// <param name="device">Where they lie; the CPU where null.</param>
    public ModelWeights(UnitOrder units, Precision precision, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(units);
        Units = units;
        DType = precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        Dense = Buffer(UnitId.Dense(0));
        foreach (UnitId unit in units.Units)
        {
            if (unit is { Kind: UnitKind.Experts, Index: 0 })
            {
                experts.Add((unit.Layer, unit.Position), Buffer(unit));
            }
        }

        Tensor Buffer(UnitId unit) => zeros(units.LayoutOf(unit).Total, DType, device ?? CPU).DetachFromDisposeScope();
    }

    /// <summary>Where each parameter lies.</summary>
    public UnitOrder Units { get; }

    /// <summary>The compute dtype.</summary>
    public ScalarType DType { get; }

    /// <summary>Flat weights of the dense part.</summary>
    public Tensor Dense { get; }

    /// <summary>Flat weights of the experts of a block at an EP position.</summary>
    public Tensor Experts(int block, int position) => experts[(block, position)];

    /// <summary>The flat weights that a unit is a range of.</summary>
    public Tensor Of(UnitId unit) => unit.Kind == UnitKind.Dense ? Dense : Experts(unit.Layer, unit.Position);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dense.Dispose();
        foreach (Tensor tensor in experts.Values)
        {
            tensor.Dispose();
        }
    }
}
