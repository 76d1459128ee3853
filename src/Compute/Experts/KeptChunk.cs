using MoeActors.Compute.Routing;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Experts;

/// <summary>What an expert shard keeps of one chunk: x and u after forward; x, du, dy and h after backward; all in the row order of <see cref="ChunkRows"/>.</summary>
internal sealed class KeptChunk(ChunkKey key, ChunkRows rows, Tensor x, Tensor u) : IDisposable
{
    public ChunkKey Key { get; } = key;

    /// <summary>Dispatched rows [own rows, d].</summary>
    public Tensor X { get; } = x;

    /// <summary>Pre-activations [own rows, f or 2f]; their gradient after backward.</summary>
    public Tensor U { get; } = u;

    public ChunkRows Rows { get; } = rows;

    /// <summary>Gradient of the outputs [own rows, d]; null before backward.</summary>
    public Tensor? Dy { get; private set; }

    /// <summary>Activations [own rows, f]; null before backward.</summary>
    public Tensor? H { get; private set; }

    public long Bytes => new[] { X, U, Dy, H }.OfType<Tensor>().Sum(TensorMemory.ByteCount);

    public void SetBackward(Tensor dy, Tensor h) => (Dy, H) = (dy, h);

    public void Dispose()
    {
        X.Dispose();
        U.Dispose();
        Dy?.Dispose();
        H?.Dispose();
    }
}
