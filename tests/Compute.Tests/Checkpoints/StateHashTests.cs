using CsCheck;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Tests.Checkpoints;

public sealed class StateHashTests
{
    [Fact]
    public void Hashes_do_not_depend_on_files_or_tiling_and_equal_those_of_memory()
    {
        using var state = new SampleState(3);
        TensorDigest[] digests = [.. SampleState.Expected.Reverse().SelectMany(t => new[] { Slots.Second, Slots.Master, Slots.First }
            .Select(s => TensorDigest.Of(t.Name, s, ElementTypes.F32, t.Shape, state[t.Name, s])))];
        string weights = StateHash.Weights(digests.Where(d => d.Slot == Slots.Master));
        Manifest any = SampleState.Describe(8, 0, [], []);
        string whole = StateHash.State(digests, 8, any.Units, any.Seed, any.Ledger);
        Gen.Select(Gen.Int[1, 4], Gen.Long[1, 111].Array[0, 4]).Sample(
            (shards, cuts) =>
            {
                using var folder = new TemporaryFolder();
                Manifest manifest = state.Write(folder.Path, 8, shards, (_, _, n) => cuts.Where(c => c < n).Distinct().Order());
                using var reader = new CheckpointReader(folder.Path, manifest);
                Assert.Equal((weights, whole), (StateHash.Weights(reader), StateHash.State(reader)));
            },
            iter: 12,
            threads: 1);
    }

    [Fact]
    public void Every_part_of_the_state_changes_the_state_hash_and_only_weights_change_the_weights_hash()
    {
        using var state = new SampleState(3);
        using var folder = new TemporaryFolder();
        Manifest manifest = state.Write(folder.Path, 8, 1);
        (string Weights, string State) Hash(Manifest m)
        {
            using var reader = new CheckpointReader(folder.Path, m);
            return (StateHash.Weights(reader), StateHash.State(reader));
        }

        (string Weights, string State) before = Hash(manifest);
        Manifest later = SampleState.Describe(9, 0, manifest.Files, manifest.Entries);
        foreach (Manifest other in new[]
        {
            manifest with { Seed = 12 },
            manifest with { Ledger = later.Ledger },
            manifest with { Units = later.Units },
            manifest with { Step = 9 },
        })
        {
            (string Weights, string State) after = Hash(other);
            Assert.Equal(before.Weights, after.Weights);
            Assert.NotEqual(before.State, after.State);
        }

        Assert.Equal(before, Hash(manifest with { Epoch = 99, FencingToken = 5, CreatedAt = DateTimeOffset.UnixEpoch }));
        unsafe
        {
            ((byte*)state["final_norm", Slots.Second])[19] ^= 1;
            (string Weights, string State) moved = Hash(state.Write(folder.Path, 8, 1));
            Assert.Equal(before.Weights, moved.Weights);
            Assert.NotEqual(before.State, moved.State);
            ((byte*)state["final_norm", Slots.Master])[0] ^= 1;
            Assert.NotEqual(before.Weights, Hash(state.Write(folder.Path, 8, 1)).Weights);
        }
    }

    [Fact]
    public void The_ledger_counts_by_its_content_not_by_the_order_of_its_properties()
    {
        static string Hash(string ledger) =>
            StateHash.State([], 1, new Dictionary<string, long>(), 1, System.Text.Json.JsonDocument.Parse(ledger).RootElement);
        Assert.Equal(Hash("""{"a":1,"b":[1,{"c":"x","d":null}]}"""), Hash("""{ "b": [1, {"d":null,"c":"x"}], "a":1 }"""));
        Assert.NotEqual(Hash("""{"a":1,"b":2}"""), Hash("""{"a":2,"b":1}"""));
        Assert.NotEqual(Hash("""{"a":[1,2]}"""), Hash("""{"a":[2,1]}"""));
        Assert.NotEqual(Hash("""{"a":true}"""), Hash("""{"a":false}"""));
    }

    [Fact]
    public void The_weights_hash_is_a_fixed_value()
    {
        // A change of the encoding would make old reports incomparable: that needs a new tag, not a new value here.
        var digest = new TensorDigest("t", Slots.Master, ElementTypes.F32, [2, 3], new string('a', 32));
        Assert.Equal("b6ec83b1faae956962f3dbd1c1454d65", StateHash.Weights([digest]));
        Assert.Equal(StateHash.Weights([digest]), StateHash.Weights([digest with { Slot = Slots.Weights }]));
    }
}
