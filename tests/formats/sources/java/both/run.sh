#!/bin/sh
# Measures one run of one program twice: by JaCoCo and by Cobertura, each with its own report.
set -e
jars=/usr/share/java
rm -rf build && mkdir -p build/classes build/counted
javac -g --release 8 -Xlint:-options -d build/classes ledger/*.java
unzip -o -q $jars/org.jacoco.agent.jar jacocoagent.jar -d build
java -javaagent:build/jacocoagent.jar=destfile=build/jacoco.exec,includes=ledger.Fee,sessionid=fee -cp build/classes ledger.Run
ant -q -f report.xml
cobertura-instrument --datafile build/cobertura.ser --destination build/counted build/classes/ledger/Fee.class
java -Dnet.sourceforge.cobertura.datafile=build/cobertura.ser -cp "build/counted:build/classes:$jars/cobertura.jar" ledger.Run
cobertura-report --datafile build/cobertura.ser --destination build --format xml .
