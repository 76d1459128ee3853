using MoeActors.Compute.Tensors;

using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// Host buffers of snapshots, used again and again: fresh memory is paid for in page faults. Buffers that leave for good are freed by <see cref="Trim"/>. Thread-safe.
/// </summary>
internal sealed class BufferPool(bool pinned) : IDisposable
{
    private readonly Dictionary<(long Count, ScalarType Type), Stack<Tensor>> free = [];
    private readonly Lock gate = new();

    /// <summary>Bytes lent and waiting.</summary>
    public long Bytes { get; private set; }

    /// <summary>A CPU tensor [count]; page-locked where the device copies from or to it. Its content is what it was.</summary>
    public Tensor Rent(long count, ScalarType type)
    {
        lock (gate)
        {
            if (free.TryGetValue((count, type), out Stack<Tensor>? stack) && stack.TryPop(out Tensor? known))
            {
                return known;
            }

            Tensor fresh = empty(count, dtype: type).DetachFromDisposeScope();
            if (pinned)
            {
                using Tensor pageable = fresh;
                fresh = pageable.pin_memory().DetachFromDisposeScope();
            }

            MemoryTuning.AdviseHugePages(fresh);
            Bytes += TensorMemory.ByteCount(fresh);
            return fresh;
        }
    }

    /// <summary>Takes a buffer back.</summary>
    public void Return(Tensor buffer)
    {
        lock (gate)
        {
            (long, ScalarType) key = (buffer.numel(), buffer.dtype);
            if (!free.TryGetValue(key, out Stack<Tensor>? stack))
            {
                free.Add(key, stack = new Stack<Tensor>());
            }

            stack.Push(buffer);
        }
    }

    /// <summary>Frees what waits: sizes have changed, or the run is over.</summary>
    public void Trim()
    {
        lock (gate)
        {
            foreach (Tensor buffer in free.Values.SelectMany(s => s))
            {
                Bytes -= TensorMemory.ByteCount(buffer);
                buffer.Dispose();
            }

            free.Clear();
        }
    }

    public void Dispose() => Trim();
}
