using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>A model's full weights in one process, read from a checkpoint (verified, CK-1). Owns the tensors.</summary>
public sealed class InferenceWeights : IDisposable
{
    private readonly Dictionary<(int Layer, int Position), Tensor> experts = [];

    private InferenceWeights(Tensor dense) => Dense = dense;

    /// <summary>Flat dense weights, compute dtype.</summary>
    public Tensor Dense { get; }

    /// <summary>Flat weights of the experts of a block at an EP position, compute dtype.</summary>
    public Tensor Experts(int layer, int position) => experts[(layer, position)];

    /// <summary>Reads the weights of <paramref name="manifest"/>.</summary>
    public static InferenceWeights Load(RunSpec spec, CheckpointStore store, Manifest manifest)
    {
        using var reader = new CheckpointReader(store.Storage, manifest);
        ScalarType type = spec.Training.Precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        string slot = type == ScalarType.BFloat16 ? Slots.Weights : Slots.Master;
        ParameterLayout layout = ParameterLayout.Dense(spec.Model);
        var weights = new InferenceWeights(zeros(layout.Total, dtype: type));
        try
        {
            UnitRestore.Fill(reader, layout, 0, layout.Total, slot, weights.Dense);
            foreach (int layer in spec.Model.MoeLayers())
            {
                for (int position = 0; position < spec.Layout.ExpertParallel; position++)
                {
                    (int first, int count) = spec.Layout.ExpertsAt(position, spec.Model.Moe.Experts);
                    ParameterLayout shard = ParameterLayout.Experts(spec.Model, layer, first, count);
                    Tensor flat = zeros(shard.Total, dtype: type);
                    weights.experts.Add((layer, position), flat);

                    // From the master: a partial checkpoint's weights may be older than it.
                    using Tensor master = type == ScalarType.Float32 ? flat.alias() : zeros(shard.Total, dtype: ScalarType.Float32);
                    UnitRestore.Fill(reader, shard, 0, shard.Total, Slots.Master, master);
                    if (type != ScalarType.Float32)
                    {
                        flat.copy_(master);
                    }
                }
            }

            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

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
