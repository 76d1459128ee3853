using System.Diagnostics.CodeAnalysis;

using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing;
using static TorchSharp.torch;

namespace MoeActors.Compute.Local;

/// <summary>A chunk on its way; whoever takes it owns its rows.</summary>
internal sealed record SentChunk(DispatchKind Kind, int Cut, DispatchChunk Chunk, Tensor Rows);

/// <summary>What a pass has sent and nobody has taken yet, first in, first out. Owns the rows that wait.</summary>
internal sealed class ChunkQueue : ITokenDispatcher, IDisposable
{
    private readonly Queue<SentChunk> waiting = [];

    /// <inheritdoc/>
    public void Send(DispatchKind kind, int cut, DispatchChunk chunk, Tensor rows) => waiting.Enqueue(new SentChunk(kind, cut, chunk, rows));

    /// <summary>The next chunk, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out SentChunk? next) => waiting.TryDequeue(out next);

    public void Dispose()
    {
        while (waiting.TryDequeue(out SentChunk? left))
        {
            left.Rows.Dispose();
        }
    }
}
