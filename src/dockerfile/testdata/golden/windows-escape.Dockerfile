# escape=`
FROM registry.example.org/windows/servercore:ltsc2025 AS tools
SHELL ["powershell", "-Command"]
WORKDIR C:\work
RUN Write-Output one; `
    Write-Output two
COPY src\ C:\work\src\
ENV DRIVE=C:\ NAME="a`"b"
COPY <<EOF note.txt
line one
line two
EOF
CMD ["powershell", "-File", "C:\\work\\run.ps1"]
