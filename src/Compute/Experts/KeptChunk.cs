using MoeActors.Compute.Routing;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Experts;

/// <summary>What an expert shard keeps of one chunk: x and u after forward; x, du, dy and h after backward.</summary>
internal sealed class KeptChunk(ChunkKey key, Tensor x, Tensor u, IReadOnlyList<ExpertSegment> segments) : IDisposable
{
    public ChunkKey Key { get; } = key;

    /// <summary>Dispatched rows [rows, d].</summary>
    public Tensor X { get; } = x;

    /// <summary>Pre-activations [rows, f or 2f]; their gradient after backward.</summary>
    public Tensor U { get; } = u;

    public IReadOnlyList<ExpertSegment> Segments { get; } = segments;

    /// <summary>Gradient of the outputs [rows, d]; null before backward.</summary>
    public Tensor? Dy { get; private set; }

    /// <summary>Activations [rows, f]; null before backward.</summary>
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
