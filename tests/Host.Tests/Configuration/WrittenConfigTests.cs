using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Configuration;

/// <summary>A run folder may be another user's: nothing of this process's environment goes into what its files say.</summary>
public sealed class WrittenConfigTests
{
    [Fact]
    public void A_file_that_a_supervisor_wrote_reads_no_variable()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("node.conf");
        File.WriteAllText(file, "checkpoint.s3.access-key = ${PATH}\n");
        SettingsException e = Assert.Throws<SettingsException>(() => SettingsLayer.Read(file, "/", SettingsLayer.NoEnvironment));
        Assert.Contains("PATH", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Environment.GetEnvironmentVariable("PATH")!, e.Message, StringComparison.Ordinal);
        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), SettingsLayer.Read(file, "/").Values["checkpoint.s3.access-key"].Text);
    }
}
