using System.Runtime.InteropServices;
using System.Text.Json;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Host.Commands;

namespace MoeActors.Host.Tests.Commands;

public sealed class CheckpointCommandTests : IDisposable
{
    private readonly string run = Directory.CreateTempSubdirectory("moe-run-").FullName;

    public void Dispose() => Directory.Delete(run, recursive: true);

    [Fact]
    public async Task Checkpoints_are_listed_newest_first()
    {
        Write(50);
        Write(100);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "list", run));
        string[] lines = cli.Output.TrimEnd().Split('\n');
        Assert.Equal(["step", "100", "50"], lines.Select(l => l.Split(' ')[0]));
        Assert.Contains("256 B", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sound_checkpoint_is_verified_and_an_altered_byte_is_named()
    {
        Write(50);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "verify", run));
        Assert.Equal("step 50: sound\n", cli.Output);

        string file = Directory.GetFiles(Path.Combine(run, "checkpoints"), "*.safetensors", SearchOption.AllDirectories).Single();
        byte[] bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        cli = new Cli();
        Assert.Equal(ExitCodes.Checkpoint, await cli.Run("checkpoint", "verify", run, "--step", "50"));
        Assert.StartsWith("step 50: 1 problem\n", cli.Output, StringComparison.Ordinal);
        Assert.Contains("embed@master", cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_shows_its_slots_and_tensors()
    {
        Write(50);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "show", run));
        Assert.StartsWith("step 50, full, epoch 1,", cli.Output, StringComparison.Ordinal);
        Assert.Contains("embed   [8, 8]", cli.Output, StringComparison.Ordinal);
        cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "show", run, "--step", "50", "--json"));
        Assert.Equal(50, JsonDocument.Parse(cli.Output).RootElement.GetProperty("step").GetInt64());
        cli = new Cli();
        Assert.Equal(ExitCodes.Checkpoint, await cli.Run("checkpoint", "show", run, "--step", "60"));
        Assert.Contains("there is no checkpoint of step 60", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_checkpoints_are_compared_by_expert()
    {
        Write(50);
        Write(100);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "diff", run, "50", "100"));
        Assert.StartsWith("step 50 to step 100: 0 entries changed, 1 under another version with the same bytes, 0 added, 0 removed, 0 the same\n", cli.Output, StringComparison.Ordinal);
        Assert.Contains("embedding, head, norm  50 -> 100", cli.Output, StringComparison.Ordinal);
        cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "diff", run, "50", "100", "--json"));
        Assert.Equal("version", JsonDocument.Parse(cli.Output).RootElement.GetProperty("entries")[0].GetProperty("change").GetString());
        cli = new Cli();
        Assert.Equal(ExitCodes.Checkpoint, await cli.Run("checkpoint", "diff", run, "50", "60"));
        Assert.Contains("there is no checkpoint of step 60", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pruning_says_what_goes_and_why_and_deletes_it_only_without_dry_run()
    {
        Write(50);
        Write(100);
        Write(150);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "prune", run, "--keep", "2", "--dry-run"));
        Assert.Equal(
            ["step 150: stays: among the 2 newest", "step 100: stays: among the 2 newest", "step 50: goes: older than the 2 newest sound checkpoints"],
            cli.Output.Split('\n')[..3]);
        Assert.Contains("would free", cli.Output, StringComparison.Ordinal);
        Assert.Equal(3, Directory.GetFiles(Path.Combine(run, "checkpoints"), "*.manifest.json").Length);
        cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "prune", run, "--keep", "2", "--json"));
        Assert.Equal(50, JsonDocument.Parse(cli.Output).RootElement.GetProperty("drop")[0].GetInt64());
        Assert.Equal(["step-00000100", "step-00000150"], Directory.GetDirectories(Path.Combine(run, "checkpoints")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Pruning_counts_only_sound_checkpoints_and_leaves_a_run_that_is_trained_alone()
    {
        Write(50);
        Write(100);
        string newest = Directory.GetFiles(Path.Combine(run, "checkpoints", "step-00000100")).Single();
        byte[] bytes = await File.ReadAllBytesAsync(newest, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(newest, bytes, TestContext.Current.CancellationToken);
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "prune", run, "--keep", "1"));
        Assert.Contains("step 100: stays, though it is damaged", cli.Output, StringComparison.Ordinal);
        Assert.Contains("step 50: stays: among the 1 newest", cli.Output, StringComparison.Ordinal);
        using var held = MoeActors.Actors.Cluster.Coordinator.RunFolderLock.Take(run);
        cli = new Cli();
        Assert.Equal(ExitCodes.Resources, await cli.Run("checkpoint", "prune", run));
        Assert.Contains("being trained elsewhere", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_export_is_a_safetensors_file_under_the_parameters_names()
    {
        Write(50);
        string folder = Path.Combine(run, "out");
        var cli = new Cli();
        Assert.Equal(0, await cli.Run("checkpoint", "export", run, "--out", folder));
        Assert.Equal($"step 50, master: 1 tensors, 256 B in {folder}: model.safetensors\n", cli.Output);
        byte[] bytes = await File.ReadAllBytesAsync(Path.Combine(folder, "model.safetensors"), TestContext.Current.CancellationToken);
        JsonElement header = JsonDocument.Parse(bytes.AsMemory(8, (int)BitConverter.ToInt64(bytes))).RootElement;
        Assert.Equal("F32", header.GetProperty("embed").GetProperty("dtype").GetString());
        cli = new Cli();
        Assert.Equal(ExitCodes.Checkpoint, await cli.Run("checkpoint", "export", run, "--out", folder));
        Assert.Contains("is there already", cli.Error, StringComparison.Ordinal);
        cli = new Cli();
        Assert.Equal(ExitCodes.CommandLine, await cli.Run("checkpoint", "export", run, "--out", folder, "--max-file", "4"));
        Assert.Contains("--max-file 4: expected a size", cli.Error, StringComparison.Ordinal);
    }

    private void Write(long step)
    {
        string root = Path.Combine(run, "checkpoints");
        var store = new CheckpointStore(root);
        string folder = store.Begin(step);
        float[] values = [.. Enumerable.Range(0, 64).Select(i => (float)i)];
        GCHandle pin = GCHandle.Alloc(values, GCHandleType.Pinned);
        try
        {
            var tensor = new ShardTensor("embed", Slots.Master, -1, -1, [8, 8], "F32", 0, 64, pin.AddrOfPinnedObject(), 256);
            ShardFileResult written = new ShardFileWriter(root).Write($"{folder}/dense-0.safetensors", "run", step, [tensor], TestContext.Current.CancellationToken);
            var manifest = new Manifest
            {
                Identity = new RunIdentity("run", "lineage", "model", "tokenizer", "corpus"),
                Step = step,
                Epoch = 1,
                FencingToken = 1,
                CreatedAt = DateTimeOffset.UnixEpoch,
                Seed = 1,
                Units = new Dictionary<string, long> { ["dense/0"] = step },
                Ledger = JsonDocument.Parse("{}").RootElement,
                Files = [written.File],
                Entries = written.Entries,
            };
            store.Publish(manifest, [new ExpectedTensor("embed", -1, -1, [8, 8], [Slots.Master])]);
        }
        finally
        {
            pin.Free();
        }
    }
}
