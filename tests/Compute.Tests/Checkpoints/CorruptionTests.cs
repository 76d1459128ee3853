using System.Text;
using CsCheck;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;

namespace MoeActors.Compute.Tests.Checkpoints;

public sealed class CorruptionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SampleState state = new(5);
    private readonly CheckpointStore store;
    private readonly Manifest manifest;

    public CorruptionTests()
    {
        store = new CheckpointStore(folder.Path, QuickFiles.Instance);
        manifest = state.Write(folder.Path, 50, shards: 2);
        store.Publish(manifest, SampleState.Expected);
    }

    public void Dispose()
    {
        state.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Nothing_is_wrong_with_a_sound_checkpoint() => Assert.Empty(store.Verify(50, TestContext.Current.CancellationToken));

    [Fact]
    public void A_flipped_bit_anywhere_in_a_shard_is_found_and_named_and_never_restored()
    {
        foreach (CheckpointFile file in manifest.Files)
        {
            string path = Path.Combine(folder.Path, file.File);
            byte[] sound = File.ReadAllBytes(path);
            for (int at = 0; at < sound.Length; at += at < 16 ? 1 : 41)
            {
                byte[] bad = [.. sound];
                bad[at] ^= (byte)(1 << (at % 8));
                File.WriteAllBytes(path, bad);
                CheckpointProblem problem = Assert.Single(store.Verify(50, TestContext.Current.CancellationToken));
                CheckpointEntry? hit = manifest.Entries.SingleOrDefault(e => e.File == file.File && e.Offset <= at && at < e.Offset + e.Bytes);
                Assert.Equal((file.File, hit?.Name), (problem.File, problem.Tensor));
                Assert.Contains(hit is null ? file.HeaderChecksum : hit.Checksum, problem.Expected);
                Assert.True(hit is not null || at < file.HeaderBytes);
                AssertNotRestored(hit ?? manifest.Entries.First(e => e.File == file.File), file.File);
            }

            File.WriteAllBytes(path, sound);
        }
    }

    [Fact]
    public void A_flipped_bit_anywhere_in_the_manifest_is_found_and_the_older_checkpoint_is_the_newest()
    {
        store.Publish(state.Write(folder.Path, 40, shards: 1), SampleState.Expected);
        string name = CheckpointPaths.ManifestName(50), path = Path.Combine(folder.Path, name);
        byte[] sound = File.ReadAllBytes(path);
        for (int at = 0; at < sound.Length; at += at < 64 ? 1 : 53)
        {
            byte[] bad = [.. sound];
            bad[at] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(path, bad);
            BrokenManifest broken = Assert.Single(store.List().Broken);
            Assert.Equal((50L, name, false), (broken.Step, broken.File, broken.NewerSchema));
            Assert.Contains("altered", broken.Reason);
            Assert.Equal(40, store.Newest()!.Step);
            Assert.Equal(name, Assert.Single(store.Verify(50, TestContext.Current.CancellationToken)).File);
        }
    }

    [Fact]
    public void A_random_bit_of_a_random_stored_file_is_found_and_the_file_is_named()
    {
        store.RaiseFence(7);
        string[] files = [.. Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) != ".lock").Order(StringComparer.Ordinal)];
        Assert.Equal(4, files.Length); // two shards, the manifest, the fence: nothing else is stored
        Gen.Select(Gen.Int[0, files.Length - 1], Gen.Double[0, 1], Gen.Int[0, 7]).Sample(
            (file, place, bit) =>
            {
                byte[] sound = File.ReadAllBytes(files[file]), bad = [.. sound];
                bad[(int)(place * (sound.Length - 1))] ^= (byte)(1 << bit);
                File.WriteAllBytes(files[file], bad);
                string name = Path.GetRelativePath(folder.Path, files[file]);
                string said = name == "fence.json"
                    ? Assert.Throws<CheckpointException>(() => store.Fence()).Message
                    : Assert.Single(store.Verify(50, TestContext.Current.CancellationToken)).Message;
                Assert.Contains(name, said, StringComparison.Ordinal);
                File.WriteAllBytes(files[file], sound);
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void Truncated_grown_and_missing_files_are_named()
    {
        string file = manifest.Files[0].File, path = Path.Combine(folder.Path, file);
        byte[] sound = File.ReadAllBytes(path);
        foreach ((byte[]? content, string says) in new (byte[]?, string)[]
        {
            (sound[..^1], $"{file}: truncated: expected {sound.Length} bytes, found {sound.Length - 1}"),
            ([], "truncated"),
            ([.. sound, 0], "another length"),
            (null, "missing"),
        })
        {
            File.Delete(path);
            if (content is not null)
            {
                File.WriteAllBytes(path, content);
            }

            Assert.Contains(says, Assert.Single(store.Verify(50, TestContext.Current.CancellationToken)).Message);
            AssertNotRestored(manifest.Entries.First(e => e.File == file), file);
        }
    }

    [Fact]
    public void A_truncated_manifest_is_broken_at_every_length()
    {
        string path = Path.Combine(folder.Path, CheckpointPaths.ManifestName(50));
        byte[] sound = File.ReadAllBytes(path);
        for (int length = 0; length < sound.Length; length += 97)
        {
            File.WriteAllBytes(path, sound[..length]);
            Assert.Contains("truncated", Assert.Single(store.List().Broken).Reason);
        }
    }

    [Fact]
    public void Manifests_of_a_newer_schema_or_with_unknown_missing_or_doubled_properties_are_refused_with_the_reason()
    {
        foreach ((string from, string to, string says, bool newer) in new[]
        {
            ("\"schema\":1", "\"schema\":3", "schema 3 by a newer build", true),
            ("\"kind\":\"full\"", "\"kind\":\"half\"", "kind \"half\"", false),
            ("\"step\":50,", "\"step\":50,\n\"stepp\":50,", "stepp", false),
            ("\"seed\":11,\n", "", "seed", false),
            ("\"step\":50,", "\"step\":50,\n\"step\":50,", "step", false),
            ("\"step\":50,", "\"step\":\"50\",", "step", false),
            ("\"version\":50", "\"version\":49", "version 49", false),
            ("step-00000050/shard-0", "../shard-0", "plain path", false),
        })
        {
            BrokenManifest broken = Reseal(from, to);
            Assert.Contains(says, broken.Reason);
            Assert.Contains(broken.File, broken.Reason);
            Assert.Equal(newer, broken.NewerSchema);
        }
    }

    [Fact]
    public void A_copied_manifest_is_refused()
    {
        File.Copy(Path.Combine(folder.Path, CheckpointPaths.ManifestName(50)), Path.Combine(folder.Path, CheckpointPaths.ManifestName(60)));
        Assert.Contains("holds step 50", Assert.Single(store.List().Broken).Reason);
    }

    [Fact]
    public void A_checkpoint_of_another_model_run_tokenizer_corpus_or_lineage_is_refused_by_name()
    {
        Assert.Equal(50, store.Open(50, SampleState.Identity).Step);
        foreach ((RunIdentity other, string says) in new[]
        {
            (SampleState.Identity with { ModelHash = "x" }, "another model: expected x, found model-a"),
            (SampleState.Identity with { RunId = "x" }, "another run: expected x, found run-a"),
            (SampleState.Identity with { TokenizerHash = "x" }, "another tokenizer"),
            (SampleState.Identity with { CorpusHash = "x" }, "another corpus"),
            (SampleState.Identity with { Lineage = "x" }, "lineage"),
        })
        {
            Assert.Contains(says, Assert.Throws<CheckpointException>(() => store.Open(50, other)).Message);
        }
    }

    [Fact]
    public void An_absent_step_names_those_that_are_there() =>
        Assert.Contains("no checkpoint of step 51; there are 50", Assert.Throws<CheckpointException>(() => store.Open(51)).Message);

    private BrokenManifest Reseal(string from, string to)
    {
        string text = Encoding.UTF8.GetString(ManifestFormat.Write(manifest));
        Assert.Contains(from, text);
        byte[] file = Encoding.UTF8.GetBytes(text.Replace(from, to));
        new string('0', 32).Select(c => (byte)c).ToArray().CopyTo(file, 13);
        Encoding.ASCII.GetBytes(Checksums.Of(file)).CopyTo(file, 13);
        File.WriteAllBytes(Path.Combine(folder.Path, CheckpointPaths.ManifestName(50)), file);
        return Assert.Single(store.List().Broken);
    }

    private unsafe void AssertNotRestored(CheckpointEntry entry, string file)
    {
        using var reader = new CheckpointReader(folder.Path, manifest);
        byte* buffer = stackalloc byte[(int)entry.Bytes];
        var bytes = new Span<byte>(buffer, (int)entry.Bytes);
        foreach (long count in new[] { entry.Count, 1 })
        {
            bytes.Fill(0xAA);
            Assert.Contains(file, Assert.Throws<CheckpointException>(() => reader.ReadRange(entry.Tensor, entry.Slot, entry.Begin, count, (nint)buffer)).Message);

            // Wiped, or never touched when the file was refused at its opening.
            Assert.True(!bytes[..(int)(count * entry.Bytes / entry.Count)].ContainsAnyExcept((byte)0) || !bytes.ContainsAnyExcept((byte)0xAA));
        }

        Assert.Throws<CheckpointException>(() => reader.ReadInto(entry, (nint)buffer));
    }
}
