using System.IO.Hashing;
using System.Text.Json;

using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// Hashes of a training state that depend on its values alone: not on files, tiling, layout, placement or epoch. The same numbers come out of a
/// checkpoint and of tensors in memory (<see cref="TensorDigest.Of"/>). 32 hex digits.
/// </summary>
public static class StateHash
{
    /// <summary>The report's weightsHash of a checkpoint: the fp32 master of each tensor, or its weights where there is no master. Reads and verifies all of it.</summary>
    public static string Weights(CheckpointReader reader, CancellationToken cancellation = default) =>
        Weights(Digests(reader, weightsOnly: true, cancellation));

    /// <summary>The report's stateHash of a checkpoint: weights as above, every other slot (m, v), step, the units' step counts, seed and ledger.</summary>
    public static string State(CheckpointReader reader, CancellationToken cancellation = default)
    {
        Manifest m = reader.Manifest;
        return State(Digests(reader, weightsOnly: false, cancellation), m.Step, m.Units, m.Seed, m.Ledger);
    }

    /// <summary>weightsHash of digests: one of each tensor, in any order. Hash over (name, dtype, shape, hash of the whole tensor) sorted by name.</summary>
    public static string Weights(IEnumerable<TensorDigest> digests)
    {
        var hash = new HashStream();
        hash.Add("moe-actors-weights/1");
        foreach (TensorDigest d in Sorted(digests))
        {
            // The slot stays out: in fp32 runs the weights are the master.
            hash.Add(d with { Slot = "" });
        }

        return hash.Finish();
    }

    /// <summary>stateHash of digests of all tensors' slots (without compute-precision weights where there is a master), in any order, and what else the state is.</summary>
    public static string State(IEnumerable<TensorDigest> digests, long step, IReadOnlyDictionary<string, long> units, long seed, JsonElement ledger)
    {
        var hash = new HashStream();
        hash.Add("moe-actors-state/1");
        hash.Add(step);
        hash.Add(seed);
        hash.Add(units.Count);
        foreach ((string unit, long steps) in units.OrderBy(u => u.Key, StringComparer.Ordinal))
        {
            hash.Add(unit);
            hash.Add(steps);
        }

        hash.Add(ledger);
        foreach (TensorDigest d in Sorted(digests))
        {
            hash.Add(d);
        }

        return hash.Finish();
    }

    private static IEnumerable<TensorDigest> Sorted(IEnumerable<TensorDigest> digests) =>
        digests.OrderBy(d => d.Tensor, StringComparer.Ordinal).ThenBy(d => d.Slot, StringComparer.Ordinal);

    private static IEnumerable<TensorDigest> Digests(CheckpointReader reader, bool weightsOnly, CancellationToken cancellation)
    {
        foreach ((string tensor, string slot) in reader.Tensors())
        {
            bool values = slot == (reader.Has(tensor, Slots.Master) ? Slots.Master : Slots.Weights);
            if (values || (!weightsOnly && slot != Slots.Weights))
            {
                var hash = new XxHash128();
                reader.Stream(tensor, slot, bytes => hash.Append(bytes), cancellation);
                CheckpointEntry any = reader.Pieces(tensor, slot)[0];
                yield return new TensorDigest(tensor, slot, any.Dtype, any.Shape, Checksums.Finish(hash));
            }
        }
    }
}
