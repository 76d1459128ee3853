using MoeActors.Bench.Workers;
using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Tests.Benchmarks;

/// <summary>What a benchmark's worker reads of the run beside it.</summary>
public sealed class RunRecordTests
{
    [Fact]
    public void A_record_that_names_its_text_from_its_folder_is_read_as_the_run_reads_it()
    {
        using var folder = new TemporaryFolder();
        RunSpec spec = SettingsLoader.Load(new SettingsRequest { Overrides = [new SettingOverride("preset", ["tiny"], "PRESET")], WorkingFolder = "/" }).Run;
        spec = spec with { Data = spec.Data with { Paths = [folder.File("corpus.txt"), "/elsewhere/book.txt"] } };
        string record = folder.File("run.json");
        File.WriteAllText(record, RunPaths.ToRecord(spec, folder.Path).ToJson());

        Assert.Equal(spec.Data.Paths, RunRecord.Read(record).Data.Paths);
    }
}
