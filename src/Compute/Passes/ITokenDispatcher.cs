using MoeActors.Compute.Routing;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>Which way a pass goes through an exchange with the experts.</summary>
public enum DispatchKind
{
    /// <summary>Token rows x to the experts; the answer is their outputs y.</summary>
    Forward,

    /// <summary>Gradients dy of the outputs to the experts; the answer is the rows' gradients dx.</summary>
    Backward,
}

/// <summary>Names one chunk of a plan.</summary>
/// <param name="Position">EP position of the expert shard.</param>
/// <param name="Index">Ordinal among the plan's chunks for it.</param>
public readonly record struct ChunkAddress(int Position, int Index);

/// <summary>
/// Carries a pass's rows to expert shards: frames of an exchange, direct calls, a test that shuffles. The answer to each chunk is brought to
/// <see cref="PassDriver.Arrived"/> in any order, never from within <see cref="Send"/>.
/// </summary>
public interface ITokenDispatcher
{
    /// <summary>Sends one chunk.</summary>
    /// <param name="kind">Rows or gradients.</param>
    /// <param name="cut">Ordinal of the exchange in the pass.</param>
    /// <param name="chunk">The chunk; it may be empty, and is sent all the same, so that the shard knows this source is through.</param>
    /// <param name="rows">[chunk.Rows, d], compute dtype, contiguous; ownership passes. A view: its memory lives as long as it does.</param>
    void Send(DispatchKind kind, int cut, DispatchChunk chunk, Tensor rows);
}
