using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;
using MoeActors.Host.Reports;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Tests.Runs;

/// <summary>Run folders and texts that are moved.</summary>
public sealed class RunPathsTests
{
    [Fact]
    public void What_lies_below_the_run_folder_is_found_wherever_the_folder_is_moved()
    {
        using var temporary = new TemporaryFolder();
        string a = temporary.File("a"), b = temporary.File("b");
        Directory.CreateDirectory(a);
        RunFolders.Replace(a, Run(Path.Combine(a, RunFolders.CorpusName), temporary.File("elsewhere.txt")));
        Assert.DoesNotContain(a, File.ReadAllText(Path.Combine(a, RunReports.RecordName)), StringComparison.Ordinal);
        Directory.Move(a, b);
        Assert.Equal([Path.Combine(b, RunFolders.CorpusName), temporary.File("elsewhere.txt")], RunFolders.Read(b).Data.Paths);
    }

    [Fact]
    public void The_record_of_an_earlier_build_finds_its_frozen_text_beside_it()
    {
        using var temporary = new TemporaryFolder();
        string old = temporary.File(Path.Combine("gone", RunFolders.CorpusName));
        File.WriteAllText(temporary.File(RunReports.RecordName), Run(old).ToJson());
        Assert.Equal([old], RunFolders.Read(temporary.Path).Data.Paths);
        File.WriteAllText(temporary.File(RunFolders.CorpusName), "text");
        Assert.Equal([temporary.File(RunFolders.CorpusName)], RunFolders.Read(temporary.Path).Data.Paths);
    }

    [Fact]
    public void A_text_that_has_moved_is_taken_by_its_content_and_the_record_names_its_new_place()
    {
        using var temporary = new TemporaryFolder();
        string before = temporary.File("before.txt"), now = temporary.File("now.txt");
        File.WriteAllText(before, new string('x', 4000));
        RunSpec recorded = RunFolders.Resolve(Run(before));
        RunFolders.Replace(temporary.Path, recorded);
        File.Move(before, now);
        string said = Assert.Throws<CorpusException>(() => RunFolders.Locate(temporary.Path, recorded, recorded)).Message;
        Assert.Contains("name its place by --data", said, StringComparison.Ordinal);

        RunSpec moved = SettingsLoader.LoadForRun(Request($"data.paths={now}"), recorded, "run.json").Run;
        RunFolders.Locate(temporary.Path, recorded, moved);
        Assert.Equal([now], RunFolders.Read(temporary.Path).Data.Paths);

        File.WriteAllText(now, new string('y', 4000));
        Assert.Contains("has hash", Assert.Throws<CorpusException>(() => RunFolders.Locate(temporary.Path, recorded, moved)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_that_has_moved_leaves_the_lineage_as_it_is()
    {
        RunSpec recorded = Run("/text") with { Data = new DataSpec { Paths = ["/text"], Tokenizer = "/old/tokenizer" } };
        RunSpec moved = SettingsLoader.LoadForRun(Request("data.tokenizer=/new/tokenizer"), recorded, "run.json").Run;
        Assert.Equal(("/old/tokenizer", "/new/tokenizer"), (moved.Data.Tokenizer, moved.Data.TokenizerPlace));
        Assert.Equal(Lineage.Of(recorded), Lineage.Of(moved));
        Assert.Equal(moved.Data.TokenizerPlace, SettingsLoader.LoadForRun(Request(), moved, "run.json").Run.Data.TokenizerPlace);
        Assert.Null(SettingsLoader.LoadForRun(Request("data.tokenizer=/old/tokenizer"), moved, "run.json").Run.Data.TokenizerMoved);

        string said = Assert.Throws<SettingsException>(() => SettingsLoader.LoadForRun(Request("data.tokenizer=/new/tokenizer"), Run("/text"), "run.json")).Message;
        Assert.Contains("expected bytes: the run was begun with it", said, StringComparison.Ordinal);
    }

    private static SettingsRequest Request(params string[] settings) => new() { Overrides = [.. settings.Select(SettingOverride.Parse)], WorkingFolder = "/" };

    private static RunSpec Run(params string[] paths)
    {
        RunSpec run = SettingsLoader.Load(Request("preset=tiny")).Run;
        return run with { Data = run.Data with { Paths = paths } };
    }
}
