using System.Collections.Immutable;

using MoeActors.Actors.State;
using MoeActors.Compute.Tensors;

using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// Host buffers of snapshots, used again and again: fresh memory is paid for in page faults. <see cref="Fill"/> makes them, and pays, ahead of their use; one that is not there when it is
/// wanted is made at once. Buffers that leave for good are freed by <see cref="Trim"/>. Thread-safe; nobody waits while memory is touched.
/// </summary>
/// <param name="pinned">Page-locked, for a device that copies from and to them.</param>
internal sealed class BufferPool(bool pinned) : IDisposable
{
    private const int Page = 4096;

    private readonly Dictionary<BufferSize, Stack<Tensor>> free = [];
    private readonly Dictionary<BufferSize, int> owned = [];
    private readonly Lock gate = new();
    private IReadOnlyDictionary<BufferSize, int> wanted = ImmutableDictionary<BufferSize, int>.Empty;

    /// <summary>Bytes lent and waiting.</summary>
    public long Bytes { get; private set; }

    /// <summary>Buffers that were not there when they were wanted: each of them was made on the time of whoever wanted it.</summary>
    public int Late { get; private set; }

    /// <summary>A CPU tensor [count]; page-locked where the device copies from or to it. Its content is what it was.</summary>
    public Tensor Rent(long count, ScalarType type)
    {
        var size = new BufferSize(count, type);
        lock (gate)
        {
            if (free.TryGetValue(size, out Stack<Tensor>? stack) && stack.TryPop(out Tensor? known))
            {
                return known;
            }

            Late++;
            Own(size, 1);
        }

        return Make(size);
    }

    /// <summary>Takes a buffer back.</summary>
    public void Return(Tensor buffer)
    {
        lock (gate)
        {
            Keep(new BufferSize(buffer.numel(), buffer.dtype), buffer);
        }
    }

    /// <summary>Says how many buffers of each size <see cref="Fill"/> is to make, those lent included; what waits beyond that is freed.</summary>
    public void Want(IReadOnlyDictionary<BufferSize, int> buffers)
    {
        lock (gate)
        {
            wanted = buffers;
            foreach ((BufferSize size, Stack<Tensor> stack) in free)
            {
                while (owned[size] > buffers.GetValueOrDefault(size) && stack.TryPop(out Tensor? more))
                {
                    Free(size, more);
                }
            }
        }
    }

    /// <summary>Makes what is wanted and not there, and touches it. Returns when all of it is, or no longer wanted; one thread at a time.</summary>
    public void Fill()
    {
        while (Missing() is { } size)
        {
            Tensor fresh = Make(size);
            Touch(fresh);
            lock (gate)
            {
                // The lane may have made one meanwhile, or the run may be over.
                if (owned.GetValueOrDefault(size) < wanted.GetValueOrDefault(size))
                {
                    Own(size, 1);
                    Keep(size, fresh);
                }
                else
                {
                    fresh.Dispose();
                }
            }
        }
    }

    /// <summary>Frees what waits and wants nothing any more: sizes have changed, or the run is over.</summary>
    public void Trim() => Want(ImmutableDictionary<BufferSize, int>.Empty);

    public void Dispose() => Trim();

    private BufferSize? Missing()
    {
        lock (gate)
        {
            foreach ((BufferSize size, int count) in wanted)
            {
                if (owned.GetValueOrDefault(size) < count)
                {
                    return size;
                }
            }

            return null;
        }
    }

    private Tensor Make(BufferSize size)
    {
        // Large ones begin at a page, for writes from where they lie.
        int extra = size.Bytes < 16 * Page ? 0 : (int)(Page / (size.Bytes / size.Count));
        using Tensor whole = empty(size.Count + extra, dtype: size.Type);
        using Tensor memory = pinned ? whole.pin_memory() : whole.alias();
        long past = extra == 0 ? 0 : (-(long)TensorAddress.Of(memory) & (Page - 1)) / memory.ElementSize;
        Tensor buffer = memory.narrow(0, past, size.Count).DetachFromDisposeScope();
        MemoryTuning.AdviseHugePages(buffer);
        return buffer;
    }

    private static unsafe void Touch(Tensor buffer)
    {
        byte* start = TensorMemory.BytePointer(buffer);
        for (long at = 0, bytes = TensorMemory.ByteCount(buffer); at < bytes; at += Page)
        {
            start[at] = 0;
        }
    }

    private void Keep(BufferSize size, Tensor buffer)
    {
        if (!free.TryGetValue(size, out Stack<Tensor>? stack))
        {
            free.Add(size, stack = new Stack<Tensor>());
        }

        stack.Push(buffer);
    }

    private void Free(BufferSize size, Tensor buffer)
    {
        buffer.Dispose();
        Own(size, -1);
    }

    private void Own(BufferSize size, int more)
    {
        owned[size] = owned.GetValueOrDefault(size) + more;
        Bytes += more * size.Bytes;
    }
}
