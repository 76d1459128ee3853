using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

using MoeActors.Host.Reports;
using MoeActors.Host.Runs;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Compatibility;

/// <summary>What a run gave.</summary>
/// <param name="Preset">Its preset.</param>
/// <param name="Steps">How many steps it took.</param>
/// <param name="Weights">weightsHash at its end.</param>
/// <param name="State">stateHash at its end.</param>
internal sealed record FormerHashes(string Preset, int Steps, string Weights, string State);

/// <summary>The checkpoint that a run folder holds.</summary>
internal sealed record FormerCheckpoint(long Step, string Weights, string State);

/// <summary>
/// What the build of version 0.1.0 left behind: a run folder (preset tiny, 30 steps, seed 5, two nodes, stopped by a signal after step 12, its text in it), and what runs on that text
/// gave by kind of processor. Where the kind is unknown that build itself can be had from the repository's history.
/// </summary>
internal sealed record FormerBuild(string Commit, FormerCheckpoint Stopped, IReadOnlyDictionary<string, FormerHashes[]> Kinds)
{
    /// <summary>Steps of the run that the folder is of, and its seed.</summary>
    public const int Steps = 30, Seed = 5;

    internal static readonly string Fixtures = Path.Combine(AppContext.BaseDirectory, "Compatibility", "Fixtures", "0.1.0");

    public static FormerBuild Known { get; } = JsonSerializer.Deserialize<FormerBuild>(File.ReadAllText(Path.Combine(Fixtures, "hashes.json")), JsonSerializerOptions.Web)!;

    /// <summary>What runs of the kind of this machine's processor gave; null where none is known.</summary>
    public FormerHashes? HashesHere(string preset) => Kinds.GetValueOrDefault(ProcessorKind.Here())?.Single(h => h.Preset == preset);

    /// <summary>
    /// Puts the run folder below <paramref name="folder"/> and returns it. Its record names the text by the path it had on the machine that wrote it; the text is the one in the
    /// folder, and the record of the copy says so.
    /// </summary>
    public static string Unpack(string folder)
    {
        Directory.CreateDirectory(folder);
        using (FileStream packed = File.OpenRead(Path.Combine(Fixtures, "run.tar.gz")))
        using (var unpacked = new GZipStream(packed, CompressionMode.Decompress))
        {
            TarFile.ExtractToDirectory(unpacked, folder, overwriteFiles: false);
        }

        string run = Path.Combine(folder, "run"), record = Path.Combine(run, RunReports.RecordName);
        File.WriteAllText(record, File.ReadAllText(record).Replace("/tmp/moe-run-0.1.0/run/", $"{run}/", StringComparison.Ordinal));
        return run;
    }

    /// <summary>Folder of that build's program: made once below .moe from the repository's history; a test that cannot have it is skipped and says what is missing.</summary>
    public async Task<string> ProgramAsync()
    {
        string root = ProjectFolder.Find(), folder = Path.Combine(root, ".moe", "former", Commit[..7]), making = $"{folder}.new";
        string program = Path.Combine(folder, "src", "Host", "bin", "Release", "net10.0", "linux-x64");
        if (Directory.Exists(folder))
        {
            return program;
        }

        Assert.SkipUnless(
            await RunAsync("git", "-C", root, "cat-file", "-e", $"{Commit}^{{commit}}") is null,
            $"no hashes are known of processors of the kind {ProcessorKind.Here()}, and commit {Commit[..7]} is not in this clone's history: fetch it with git fetch --unshallow, and run ./test.sh --integration Host again");
        if (Directory.Exists(making))
        {
            Directory.Delete(making, recursive: true);
        }

        Directory.CreateDirectory(making);
        string archive = $"{making}/source.tar";
        Assert.Null(await RunAsync("git", "-C", root, "archive", "-o", archive, Commit));
        await TarFile.ExtractToDirectoryAsync(archive, making, overwriteFiles: false, TestContext.Current.CancellationToken);
        Assert.Null(await RunAsync(World.Dotnet(), "build", Path.Combine(making, "src", "Host"), "-c", "Release", "-v", "q", "-nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false", "-p:RunAnalyzers=false"));
        Directory.Move(making, folder);
        return program;
    }

    /// <summary>Null where the program ended well, else what it said.</summary>
    private static async Task<string?> RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode == 0 ? null : $"{program} {string.Join(' ', arguments)}\n{await output}{await error}";
    }
}
