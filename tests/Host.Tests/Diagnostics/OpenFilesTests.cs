using MoeActors.Host.Commands;

namespace MoeActors.Host.Tests.Diagnostics;

public sealed class OpenFilesTests
{
    [Theory]
    [InlineData("Limit                     Soft Limit           Hard Limit           Units     \nMax open files            128                  4096                 files     \n", 128L)]
    [InlineData("Max open files            unlimited            unlimited            files\n", null)]
    [InlineData("", null)]
    public void The_soft_limit_is_read(string limits, long? expected) => Assert.Equal(expected, OpenFiles.Parse(limits));

    [Fact]
    public void An_assembly_that_cannot_be_opened_under_a_low_limit_is_said_to_be_what_it_is()
    {
        var missing = new FileNotFoundException("Could not load file or assembly 'Akka.Cluster, Version=1.5.0.0'. The system cannot find the file specified.");
        Assert.Equal("this process may have only 128 files open, at least 256 are needed: raise the limit (ulimit -n 4096) and start again", OpenFiles.Explain(missing, 128));
        Assert.Null(OpenFiles.Explain(missing, 1024));
        Assert.Null(OpenFiles.Explain(missing, null));
        Assert.Null(OpenFiles.Explain(new InvalidOperationException("x"), 128));
        Assert.StartsWith("too many files are open (x)", OpenFiles.Explain(new IOException("x", 24), 1024), StringComparison.Ordinal);
    }

    [Fact]
    public void This_process_knows_its_own_limit() => Assert.True(!OperatingSystem.IsLinux() || OpenFiles.Limit is null or > 0);
}
