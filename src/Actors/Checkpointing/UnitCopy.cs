using MoeActors.Actors.Training;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Models;

using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// A unit's state at one step, copied out of the live tensors: the only copy between them and the file. Owned by whoever holds it;
/// disposed by the checkpoint writer.
/// </summary>
internal sealed class UnitCopy : IDisposable
{
    private readonly List<(string Slot, Tensor Data)> slots = [];

    /// <summary>Copies master, m, v and, in mixed precision, the weights of the unit's range.</summary>
    public UnitCopy(UnitState unit)
    {
        (Layout, Begin, Count, StepCount, Id) = (unit.Layout, unit.Begin, unit.Count, unit.StepCount, unit.Id);
        try
        {
            slots.Add(("master", Copy(unit.Optimizer.Master)));
            slots.Add(("m", Copy(unit.Optimizer.First)));
            slots.Add(("v", Copy(unit.Optimizer.Second)));
            if (unit.Weights.dtype == ScalarType.BFloat16)
            {
                using Tensor range = unit.Weights.narrow(0, unit.Begin, unit.Count);
                slots.Add(("weights", Copy(range)));
            }
        }
        catch
        {
            // Memory ran out half-way.
            Dispose();
            throw;
        }
    }

    public ParameterLayout Layout { get; }

    public long Begin { get; }

    public long Count { get; }

    public long StepCount { get; }

    public UnitId Id { get; }

    /// <summary>The pieces to write: every parameter's part of the range, in every slot. Valid until this copy is disposed.</summary>
    public IReadOnlyList<ShardTensor> Pieces()
    {
        var pieces = new List<ShardTensor>();
        foreach ((string slot, Tensor data) in slots)
        {
            nint start = TensorAddress.Of(data);
            int size = data.dtype == ScalarType.BFloat16 ? 2 : 4;
            string dtype = data.dtype == ScalarType.BFloat16 ? "BF16" : "F32";
            foreach (UnitRange range in UnitRange.Of(Layout, Begin, Count))
            {
                pieces.Add(new ShardTensor(
                    range.Entry.Name, slot, range.Entry.Layer, range.Entry.Expert, range.Entry.Shape, dtype, range.EntryBegin, range.Count,
                    start + (nint)(range.UnitOffset * size), range.Count * size));
            }
        }

        return pieces;
    }

    private static Tensor Copy(Tensor live) => live.device_type == TorchSharp.DeviceType.CPU ? live.clone() : live.cpu();

    public void Dispose()
    {
        foreach ((_, Tensor data) in slots)
        {
            data.Dispose();
        }

        slots.Clear();
    }
}

/// <summary>The part of one parameter that lies in a unit's range.</summary>
/// <param name="Entry">The parameter.</param>
/// <param name="EntryBegin">First element of the parameter in the range.</param>
/// <param name="UnitOffset">Where it lies in the unit's range.</param>
/// <param name="Count">Elements.</param>
internal sealed record UnitRange(ParameterEntry Entry, long EntryBegin, long UnitOffset, long Count)
{
    /// <summary>PURE: all parameters' parts in [begin, begin + count) of a layout; padding belongs to none.</summary>
    public static IEnumerable<UnitRange> Of(ParameterLayout layout, long begin, long count)
    {
        foreach (ParameterEntry entry in layout.Entries)
        {
            long from = Math.Max(begin, entry.Offset), to = Math.Min(begin + count, entry.Offset + entry.Count);
            if (from < to)
            {
                yield return new UnitRange(entry, from - entry.Offset, from - begin, to - from);
            }
        }
    }
}
