using System.Diagnostics;
using System.Text;

namespace MoeActors.Host.Tests.Processes.Harness;

/// <summary>
/// The surroundings of one test: a folder of its own with home, temporary and working folder in it, a text to train on, and a mark in the
/// environment by which every process that comes of the test is found again. MOE_TEST_KEEP=1 keeps the folders.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    private const string Mark = "MOE_TEST_WORLD";
    private readonly string mark = Guid.NewGuid().ToString("N");
    private readonly List<MoeProcess> started = [];

    public World()
    {
        // Short: addresses of Unix sockets have little room.
        Folder = Directory.CreateTempSubdirectory("moe-w-").FullName;
        foreach (string name in (string[])["home", "tmp", "here"])
        {
            Directory.CreateDirectory(Path.Combine(Folder, name));
        }

        Text = File("text.txt");
        System.IO.File.WriteAllText(Text, Words(60_000));
    }

    public string Folder { get; }

    /// <summary>The corpus.</summary>
    public string Text { get; }

    /// <summary>Where the program lies that is started from now on: MOE_TEST_PROGRAM, or what is built along with the tests.</summary>
    public string Program { get; set; } = Environment.GetEnvironmentVariable("MOE_TEST_PROGRAM") is { Length: > 0 } built ? built : AppContext.BaseDirectory;

    /// <summary>The folder tests run in; everything below it belongs to the run.</summary>
    public string Run => File("run");

    public string File(string name) => Path.Combine(Folder, name);

    /// <summary>Starts a command of the program.</summary>
    public MoeProcess Start(params string[] arguments) => Start((IReadOnlyList<string>)arguments);

    public MoeProcess Start(IReadOnlyList<string> arguments)
    {
        var info = new ProcessStartInfo(Dotnet()) { WorkingDirectory = File("here") };
        info.ArgumentList.Add(Path.Combine(Program, "MoeActors.Host.dll"));
        foreach (string argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        info.Environment["HOME"] = File("home");
        info.Environment["TMPDIR"] = File("tmp");
        info.Environment.Remove("XDG_CACHE_HOME");
        info.Environment[Mark] = mark;
        info.Environment["NO_COLOR"] = "1";

        // As the start script sets them.
        info.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        info.Environment["MALLOC_ARENA_MAX"] = "1";
        info.Environment["DOTNET_gcServer"] = "0";
        info.Environment["DOTNET_TieredPGO"] = "0";
        info.Environment.Remove("MOE_DEBUG");
        var process = new MoeProcess(info);
        started.Add(process);
        return process;
    }

    /// <summary>Runs a command to its end.</summary>
    public Task<Ended> RunAsync(params string[] arguments) => Start(arguments).EndedAsync();

    /// <summary>`moe train` on the world's text with the preset tiny and <paramref name="more"/> settings; short, and without what no test looks at.</summary>
    public string[] Train(int steps, params string[] more) =>
        TrainWith([("--preset", "tiny"), ("--data", Text), ("--run-dir", Run), ("--steps", $"{steps}")], more);

    /// <summary>Likewise with flags of the test's own; a later one replaces an earlier one.</summary>
    public static string[] TrainWith(IEnumerable<(string Flag, string Value)> flags, params string[] settings) =>
    [
        "train", .. flags.GroupBy(f => f.Flag).SelectMany(g => (string[])[g.Key, g.Last().Value]),
        .. ((string[])["reports.picture=off", "reports.line-every=1", "generation.tokens=8", "evaluation.final-max-sequences=4", "supervision.backoff-max=200 ms", .. settings])
            .SelectMany(s => (string[])["--set", s]),
    ];

    /// <summary>`moe resume` of the world's run.</summary>
    public string[] Resume(params string[] more) =>
    [
        "resume", Run, "--set", "reports.picture=off", "--set", "reports.line-every=1", "--set", "generation.tokens=8", .. more,
    ];

    /// <summary>Living processes that come of this test.</summary>
    public IReadOnlyList<int> Living() =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _)).Select(n => int.Parse(n!)).Where(IsOurs),
    ];

    /// <summary>Asserts that nothing of the run is left: no process, no file but those of the run's folder.</summary>
    public void NothingIsLeft(params string[] expected)
    {
        Assert.Empty(Living());
        string[] allowed = [Text, .. expected.Append("run").Select(File)];
        string[] stray = Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
            .Where(f => !allowed.Any(a => f == a || f.StartsWith(a + "/", StringComparison.Ordinal)))

            // The .NET runtime's own sockets stay where a process had no time to remove them.
            .Where(f => !Path.GetFileName(f).StartsWith("dotnet-diagnostic-", StringComparison.Ordinal) && !Path.GetFileName(f).StartsWith("clr-debug-pipe-", StringComparison.Ordinal))
            .ToArray();
        Assert.Empty(stray);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (int pid in Living())
        {
            NativeProcess.Signal(pid, NativeProcess.SigKill);
            await NativeProcess.EndedAsync(pid, MoeProcess.Patience);
        }

        started.ForEach(p => p.Dispose());
        if (Environment.GetEnvironmentVariable("MOE_TEST_KEEP") != "1")
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private bool IsOurs(int pid)
    {
        try
        {
            return System.IO.File.ReadAllText($"/proc/{pid}/environ").Contains($"{Mark}={mark}", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The dotnet that runs this test.</summary>
    public static string Dotnet() => Path.GetFullPath(
        Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    private static string Words(int length)
    {
        string[] words = ["expert", "rank", "token", "the", "a", "gate", "chunk", "sends", "computes", "and", "of", "shard"];
        var random = new Random(11);
        var text = new StringBuilder();
        while (text.Length < length)
        {
            text.Append(words[random.Next(words.Length)]).Append(random.Next(7) == 0 ? ".\n" : " ");
        }

        return text.ToString();
    }
}
